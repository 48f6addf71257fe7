"""An event loop, step by step: recorded once, looked at as often as one likes."""

from .view import LoopView

__all__ = ["LoopView"]
