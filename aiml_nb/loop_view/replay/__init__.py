"""The replay of a recorded event loop: one HTML page that needs no kernel and no network."""

from .notebook import to_notebook
from .page import to_html

__all__ = ["to_html", "to_notebook"]
