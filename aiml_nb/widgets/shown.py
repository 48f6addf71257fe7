"""What all our widgets share: a live view, a static output beside it, and an end."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from IPython.display import DisplayHandle, display
from ipywidgets import Widget

from .cells import close_all, unregister


class StaticOutput:
    """An output that needs no widgets and stays in the saved notebook.

    Parameters
    ----------
    bundle
        Returns what it shows now: texts and pictures by MIME type.
    """

    def __init__(self, bundle: Callable[[], dict[str, Any]]) -> None:
        self._bundle = bundle
        self._handle: DisplayHandle | None = None

    def show(self) -> None:
        """Show it below the running cell."""
        self._handle = self._handle or DisplayHandle()  # type: ignore[no-untyped-call]
        self._handle.display(self._bundle(), raw=True)  # type: ignore[no-untyped-call]

    def update(self) -> None:
        """Show what it says now, wherever it is shown."""
        if self._handle is not None:
            self._handle.update(self._bundle(), raw=True)  # type: ignore[no-untyped-call]


class CellWidget:
    """A widget of one cell, with a static output below it.

    Parameters
    ----------
    view
        What is shown where there is a front end for widgets.
    """

    def __init__(self, view: Widget) -> None:
        self._view = view
        self._static = StaticOutput(self._static_bundle)

    def close(self) -> None:
        """Take the widget off the page; its static output stays."""
        close_all(self._view)
        unregister(self)

    def _static_bundle(self) -> dict[str, Any]:
        raise NotImplementedError

    def _ipython_display_(self) -> None:
        # A closed view has no model any more, and a front end would say so in red.
        if self._view.comm is not None:
            shown = self._view._repr_mimebundle_()
            display({**shown, "text/plain": repr(self)}, raw=True)  # type: ignore[no-untyped-call]
        self._static.show()


def as_static(text: str) -> dict[str, str]:
    """Return one line of text as what a static output shows."""
    return {"text/plain": text, "text/html": f"<p>{escape(text)}</p>"}
