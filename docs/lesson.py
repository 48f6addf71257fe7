"""Make a page of the book from a notebook that was run."""

from __future__ import annotations

import copy
import re
from typing import Any

import nbformat
from nbformat import NotebookNode

from .questions import to_html

EXERCISE = re.compile(r"^# (Exercise \d{1,2}\.\d{1,2}\b.*)")
WIDGET = "application/vnd.jupyter.widget-view+json"
NO_GUESS = " (You made no guess.)"
LIVE = '<p class="asked-kind">Here a notebook has buttons: open this page as one to press them.</p>'


def to_page(notebook: NotebookNode, *, links: str = "") -> NotebookNode:
    """Return a notebook for Sphinx: exercises folded, questions as text, hints left out.

    Parameters
    ----------
    notebook
        As `run_notebooks` returns it.
    links
        Markdown to stand below the title.
    """
    page = copy.deepcopy(notebook)
    page.cells = [_make_cell(cell) for cell in page.cells if not is_hint(cell)]
    first = page.cells[0]
    title, _, rest = first.source.partition("\n")
    first.source = f"{title}\n\n{links}\n{rest}"
    return page


def is_hint(cell: NotebookNode) -> bool:
    """Tell whether a cell is nothing but a comment that calls `hint`."""
    lines = [line for line in cell.source.splitlines() if line.strip()]
    is_comment = all(line.startswith("#") for line in lines)
    return cell.cell_type == "code" and is_comment and "hint(" in cell.source


def exercise_of(cell: NotebookNode) -> str | None:
    """Return the name and task of an exercise's cell, None of another."""
    found = EXERCISE.match(cell.source)
    return found[1] if found and "exercise" in cell.metadata.get("tags", []) else None


def shown_by(cell: NotebookNode) -> list[NotebookNode]:
    """Return the outputs of a cell that can be read without a kernel."""
    if asked := cell.metadata.get("asked"):
        return [_as_output(to_html(asked))]
    return [shown for output in cell.outputs if (shown := _show(output))]


def _make_cell(cell: NotebookNode) -> NotebookNode:
    if cell.cell_type != "code":
        return cell
    tags = set(cell.metadata.get("tags", []))
    if task := exercise_of(cell):
        cell.outputs = []
        tags |= {"hide-cell"}
        label = task.replace("`", "")  # it is shown as plain text
        cell.metadata["mystnb"] = {"code_prompt_show": label, "code_prompt_hide": label}
    else:
        cell.outputs = shown_by(cell)
    if "asked" in cell.metadata or cell.metadata.get("jupyter", {}).get("source_hidden"):
        tags |= {"remove-input"}
    cell.metadata["tags"] = sorted(tags)
    return cell


def _show(output: NotebookNode) -> NotebookNode | None:
    """Return an output without what only a kernel brings to life, None if that is all of it."""
    if output.output_type == "stream":
        output.text = output.text.replace(NO_GUESS, "")
        return output
    data = output.get("data", {})
    if WIDGET in data:
        is_progress = "call/s" in data.get("text/plain", "")
        return None if is_progress else _as_output(LIVE)
    if "text/html" in data:
        data["text/html"] = data["text/html"].replace("<th></th>", "<td></td>")  # heads nothing
    return None if data.get("text/html") == "" else output


def _as_output(html: str) -> NotebookNode:
    data: dict[str, Any] = {"text/html": html, "text/plain": ""}
    return nbformat.v4.new_output("display_data", data=data)
