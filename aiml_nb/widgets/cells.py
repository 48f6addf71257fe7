"""Which cell a widget belongs to, so that running the cell again closes the old widget."""

from __future__ import annotations

from typing import Protocol, TypeVar, runtime_checkable

from IPython.core.getipython import get_ipython
from ipywidgets import Widget


@runtime_checkable
class Closable(Protocol):
    """What a cell has made and its next run closes."""

    def close(self) -> None:
        """Stop its work and take it off the page."""


T = TypeVar("T", bound=Closable)

# What the last run of each cell has made: cell -> (run of the cell, widgets).
_widgets_of_cell: dict[str, tuple[str, list[Closable]]] = {}


def register_for_cell(widget: T) -> list[T]:
    """Close what earlier runs of this cell have made, and remember `widget` as made by this run.

    Parameters
    ----------
    widget
        Made by the cell that is running now; outside of a notebook nothing is remembered.

    Returns
    -------
    list
        The closed ones of the same class.
    """
    cell, run = _running_cell()
    if not cell:
        return []
    last_run, registered = _widgets_of_cell.get(cell, ("", []))
    if last_run == run:
        registered.append(widget)
        return []
    earlier = list(registered)
    for old in earlier:
        old.close()
    _widgets_of_cell[cell] = (run, [widget])
    return [old for old in earlier if isinstance(old, type(widget))]


def unregister(widget: Closable) -> None:
    """Remember a closed widget no longer."""
    for cell, (_, widgets) in list(_widgets_of_cell.items()):
        if widget in widgets:
            widgets.remove(widget)
        if not widgets:
            del _widgets_of_cell[cell]


def close_all(widget: Widget) -> None:
    """Close a widget and all that belong to it: its children, their layouts and styles."""
    parts = [value for value in widget.trait_values().values() if isinstance(value, Widget)]
    children = getattr(widget, "children", ())
    widget.close()
    for part in (*parts, *children):
        close_all(part)


def _running_cell() -> tuple[str, str]:
    """Return the cell's identifier, or its source where there is none, and this run of it."""
    shell = get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return "", ""
    request = kernel.get_parent()
    cell = request.get("metadata", {}).get("cellId") or request.get("content", {}).get("code", "")
    return cell, request.get("header", {}).get("msg_id", "")
