"""The command line: ``aiml-nb compare`` and ``aiml-nb simulate``."""

from .main import main

__all__ = ["main"]
