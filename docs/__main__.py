"""Build the book: ``python -m docs``; what was built is ``build/book/html/index.html``."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from sphinx.cmd.build import main as run_sphinx

from .arrange import ROOT, arrange, find_lessons
from .deck import write_deck
from .execute import BookError, run_notebooks
from .links import find_broken


def main(arguments: list[str] | None = None) -> int:
    """Build it, with warnings as errors; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m docs", description="Build the book.")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "book")
    parser.add_argument(
        "--as-run", action="store_true", help="take the notebooks as the last build has run them"
    )
    given = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        ran = _run(given.folder.resolve(), as_run=given.as_run)
        ran_after = time.monotonic() - began
        html = _build(given.folder.resolve(), ran)
    except BookError as error:
        print(error, file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in html.rglob("*") if path.is_file())
    print(
        f"{html / 'index.html'}: {len(ran)} notebooks run in {ran_after:.0f} s, all built in "
        f"{time.monotonic() - began:.0f} s, {size / 1e6:.0f} MB"
    )
    return 0


def _run(folder: Path, *, as_run: bool) -> dict[Path, NotebookNode]:
    """Run the notebooks and keep them, or read those that were kept."""
    kept = folder / "ran"
    kept.mkdir(parents=True, exist_ok=True)
    paths = find_lessons()
    if not as_run:
        for path, notebook in zip(paths, run_notebooks(paths), strict=True):
            nbformat.write(notebook, kept / path.name)
    return {path: nbformat.read(kept / path.name, as_version=4) for path in paths}


def _build(folder: Path, ran: dict[Path, NotebookNode]) -> Path:
    source, html = folder / "source", folder / "html"
    for stale in (source, html):
        shutil.rmtree(stale, ignore_errors=True)
    arrange(source, ran)
    doctrees = str(folder / "doctrees")
    options = [
        "-W",
        "--keep-going",
        "-q",
        "-E",
        "-b",
        "html",
        "-c",
        str(ROOT / "docs"),
        "-d",
        doctrees,
    ]
    if run_sphinx([*options, str(source), str(html)]):
        raise BookError("Sphinx has warnings, which are errors here: see above.")
    for path, notebook in ran.items():
        shutil.copy(path, html / "notebooks")
        write_deck(notebook, html / "slides" / f"{path.stem}.html")
    if broken := find_broken(html):
        raise BookError("Links that lead nowhere:\n" + "\n".join(broken))
    return html


if __name__ == "__main__":
    sys.exit(main())
