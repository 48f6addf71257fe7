"""Which cell a widget belongs to, so that running the cell again closes the old widget."""

from __future__ import annotations

from typing import Protocol, TypeVar, runtime_checkable

from IPython.core.getipython import get_ipython
from ipywidgets import Widget


@runtime_checkable
class Closable(Protocol):
    """An object that a cell creates, and that the next run of the cell closes."""

    def close(self) -> None:
        """Stop its work and remove it from the page."""


T = TypeVar("T", bound=Closable)

# For each cell the id of its last run, and the widgets of that run.
_widgets_of_cell: dict[str, tuple[str, list[Closable]]] = {}


def register_for_cell(widget: T) -> list[T]:
    """Close the widgets of earlier runs of this cell, and register `widget` for this run.

    Parameters
    ----------
    widget
        Created by the running cell; outside of a notebook nothing is registered.

    Returns
    -------
    list
        The closed ones of the same class.
    """
    cell, run = _running_cell()
    if not cell:
        return []
    last_run, registered = _widgets_of_cell.get(cell, ("", []))
    # A second widget of the same run: the first one stays.
    if last_run == run:
        registered.append(widget)
        return []
    earlier = list(registered)
    for old in earlier:
        old.close()
    _widgets_of_cell[cell] = (run, [widget])
    return [old for old in earlier if isinstance(old, type(widget))]


def unregister(widget: Closable) -> None:
    """Remove a closed widget from the register."""
    for cell, (_, widgets) in list(_widgets_of_cell.items()):
        if widget in widgets:
            widgets.remove(widget)
        if not widgets:
            del _widgets_of_cell[cell]


def close_all(widget: Widget) -> None:
    """Close a widget with its children, layouts and styles: each has a model of its own."""
    parts = [value for value in widget.trait_values().values() if isinstance(value, Widget)]
    children = getattr(widget, "children", ())
    widget.close()
    for part in (*parts, *children):
        close_all(part)


def _running_cell() -> tuple[str, str]:
    """Return the id of the running cell, or its source without one, and the id of this run."""
    shell = get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return "", ""
    request = kernel.get_parent()
    cell = request.get("metadata", {}).get("cellId") or request.get("content", {}).get("code", "")
    return cell, request.get("header", {}).get("msg_id", "")
