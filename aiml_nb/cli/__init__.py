"""The command line: ``aiml-nb compare | run | simulate | doctor``."""

from .main import main

__all__ = ["main"]
