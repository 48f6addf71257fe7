"""The base of our widgets: a live view, a static output beside it, and how both end."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from IPython.display import DisplayHandle, display
from ipywidgets import Box

from .cells import close_all, unregister
from .page_style import style_and_notes


class StaticOutput:
    """An output that needs no widgets and stays in the saved notebook.

    Parameters
    ----------
    bundle
        Returns its current content: texts and pictures by MIME type.
    """

    def __init__(self, bundle: Callable[[], dict[str, Any]]) -> None:
        self._bundle = bundle
        self._handle: DisplayHandle | None = None

    def show(self) -> None:
        """Show it below the running cell."""
        self._handle = self._handle or DisplayHandle()  # type: ignore[no-untyped-call]
        self._handle.display(self._bundle(), raw=True)  # type: ignore[no-untyped-call]

    def update(self) -> None:
        """Replace its content by the current one, wherever it is displayed."""
        if self._handle is not None:
            self._handle.update(self._bundle(), raw=True)  # type: ignore[no-untyped-call]


class CellWidget:
    """A widget of one cell, with a static output below it.

    Parameters
    ----------
    view
        A box, shown by front ends that support widgets.
    kind
        Names its class on the page: ``aiml-nb-…``.
    """

    def __init__(self, view: Box, *, kind: str) -> None:
        view.children = (*view.children, style_and_notes())
        view.add_class("aiml-nb-widget")
        view.add_class(f"aiml-nb-{kind}")
        self._view = view
        self._static = StaticOutput(self._static_bundle)

    def close(self) -> None:
        """Remove the widget from the page; its static output stays."""
        close_all(self._view)
        unregister(self)

    def _static_bundle(self) -> dict[str, Any]:
        raise NotImplementedError

    def _ipython_display_(self) -> None:
        # A closed view has no model, and a front end would show an error.
        if self._view.comm is not None:
            shown = self._view._repr_mimebundle_()
            display({**shown, "text/plain": repr(self)}, raw=True)  # type: ignore[no-untyped-call]
        self._static.show()


def as_static(text: str) -> dict[str, str]:
    """Return the bundle of a static output with one line of text."""
    return {"text/plain": text, "text/html": f"<p>{escape(text)}</p>"}
