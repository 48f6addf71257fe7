"""Lay out the source that Sphinx reads, in the folders of the project."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .lesson import to_page
from .solutions import INDEX, to_solutions

PAGES = Path(__file__).parent / "pages"
ROOT = PAGES.parents[1]
NOTEBOOKS = ROOT / "notebooks"
# What a page links to in the project, and what stands for it in the book.
IN_THE_BOOK = {
    "](../README.md)": "](../index.md)",
    "](../solutions)": "](../solutions/index.md)",
    "](README.md)": "](index.md)",
}
SLIDES = """# Slides

One page for each lesson, in large type, with its pictures and replays. It needs no network: save
the page, and it works from a stick. The arrow keys, space, or a swipe go on; `f` fills the screen.
A replay takes the keys when you click into it, and gives them back to the buttons below it.
"""


def find_lessons() -> list[Path]:
    """Return the learners' notebooks, whichever there are."""
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def arrange(source: Path, ran: dict[Path, NotebookNode]) -> None:
    """Write the pages into an empty folder.

    Parameters
    ----------
    source
        The folder.
    ran
        The notebooks after they were run, by path.
    """
    shutil.copytree(PAGES, source)
    for name in ("images", "scripts"):
        shutil.copytree(NOTEBOOKS / name, source / "notebooks" / name)
    for path, notebook in ran.items():
        page = to_page(notebook, links=_link(path.stem))
        _adapt(page.cells)
        nbformat.write(page, source / "notebooks" / path.name)
    index = source / "index.md"
    names = "\n".join(f"notebooks/{path.stem}" for path in ran if path.stem != "gallery")
    index.write_text(index.read_text().replace("LESSONS", names))
    _write_teachers(source / "notebooks")


def _link(name: str) -> str:
    slides = f'<a href="../slides/{name}.html">Slides</a>'
    return f'{slides} · <a href="{name}.ipynb" download>The notebook, to work in</a>'


def _write_teachers(notebooks: Path) -> None:
    solutions = notebooks / "solutions"
    solutions.mkdir()
    (solutions / "index.md").write_text(INDEX)
    for solved in sorted((NOTEBOOKS / "solutions").glob("*.ipynb")):
        page = to_solutions(nbformat.read(solved, as_version=4))
        (solutions / f"{solved.stem}.md").write_text(page)
    (notebooks / "instructor").mkdir()
    for path in (NOTEBOOKS / "instructor").glob("*.md"):
        name = "index.md" if path.name == "README.md" else path.name
        (notebooks / "instructor" / name).write_text(_replace(path.read_text()))
    titles = {path.stem: _title_of(path) for path in find_lessons()}
    links = (f'- <a href="../../slides/{name}.html">{title}</a>' for name, title in titles.items())
    (notebooks / "instructor" / "slides.md").write_text("\n".join((SLIDES, *links)) + "\n")


def _title_of(path: Path) -> str:
    first = nbformat.read(path, as_version=4).cells[0].source
    return first.partition("\n")[0].removeprefix("# ")


def _adapt(cells: Iterable[NotebookNode]) -> None:
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = _replace(cell.source)


def _replace(text: str) -> str:
    for old, new in IN_THE_BOOK.items():
        text = text.replace(old, new)
    return text
