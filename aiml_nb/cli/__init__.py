"""The command line: ``aiml-nb compare | simulate | doctor``."""

from .main import main

__all__ = ["main"]
