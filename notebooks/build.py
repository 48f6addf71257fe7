"""Make the notebooks from their sources: ``python notebooks/build.py``, or ``--check`` to compare.

A source is ``sources/NN-name.py`` in jupytext's py:percent format, and holds the solutions. An
exercise is one code cell::

    # %% tags=["exercise"]
    # Exercise 3.2: ask all questions at once
    async def ask_all(ask, questions):
        # solution begins
        return await asyncio.gather(*(ask(question) for question in questions))
        # solution ends

    check("3.2", ask_all)

The learner's notebook has ``raise nb.course.NotBegun("exercise 3.2")`` between the two comments'
places; the one in ``solutions/``, which only a lesson with exercises has, holds the solution.
Neither has outputs, and a cell's id is its number. Nothing is ever read back from a notebook.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

HERE = Path(__file__).parent
SOURCES = HERE / "sources"
SOLUTION = re.compile(
    r"^(?P<indent> *)# solution begins\n(?P<lines>.*?)^ *# solution ends\n?", re.M | re.S
)
EXERCISE = re.compile(r"^# Exercise (\d{1,2}\.\d{1,2})\b")
# What a notebook one folder further down reaches otherwise than the lessons beside it.
NEIGHBOUR = re.compile(r"\]\((?=(?:images|scripts|instructor|\.\.)/|progress\.ipynb)")


# What a source's header says for the programs that show the notebook.
PASSED_ON = ("voila",)


class SourceError(Exception):
    """A source cannot be made into notebooks."""


def main(arguments: list[str] | None = None) -> int:
    """Write all notebooks, or with ``--check`` tell which would change; return the exit code."""
    parser = argparse.ArgumentParser(description="Make the notebooks from their sources.")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    checks = parser.parse_args(arguments).check
    stale = 0
    for path, notebook in build_all().items():
        text = nbformat.writes(notebook) + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        print(f"{'differs' if checks else 'written'}: {path.relative_to(HERE.parent)}")
        if not checks:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if checks and stale else 0


def build_all() -> dict[Path, NotebookNode]:
    """Return every notebook under the path where it belongs."""
    built = {}
    for source in sorted(SOURCES.glob("*.py")):
        built[HERE / f"{source.stem}.ipynb"] = build(source, solved=False)
        if SOLUTION.search(source.read_text(encoding="utf-8")):
            built[HERE / "solutions" / f"{source.stem}.ipynb"] = build(source, solved=True)
    return built


def build(source: Path, *, solved: bool) -> NotebookNode:
    """Make one notebook, with or without the solutions.

    Raises
    ------
    SourceError
        If an exercise's cell is not as this module's docstring says.
    """
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    cells = [_make_cell(cell, source, solved=solved) for cell in notebook.cells]
    for number, cell in enumerate(cells, start=1):
        cell.id = f"{source.stem.partition('-')[0]}-{number:03}"
    made = nbformat.v4.new_notebook(
        cells=cells,
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            **{name: notebook.metadata[name] for name in PASSED_ON if name in notebook.metadata},
        },
    )
    made.nbformat_minor = 5
    nbformat.validate(made)
    return made


def _make_cell(cell: NotebookNode, source: Path, *, solved: bool) -> NotebookNode:
    if cell.cell_type == "markdown":
        text = NEIGHBOUR.sub("](../", cell.source) if solved else cell.source
        return nbformat.v4.new_markdown_cell(text)
    tags = list(cell.metadata.get("tags", []))
    has_solution = SOLUTION.search(cell.source) is not None
    if has_solution != ("exercise" in tags):
        raise SourceError(
            f"{source.name}: the tag 'exercise' and the comments '# solution begins' and "
            f"'# solution ends' go together. In this cell they do not:\n{cell.source}"
        )
    code = cell.source
    if has_solution:
        code = _uncover(code) if solved else _empty(code, source)
        tags += [] if solved else ["raises-exception"]
    shown = {name: cell.metadata[name] for name in ("jupyter",) if name in cell.metadata}
    return nbformat.v4.new_code_cell(code, metadata=shown | ({"tags": tags} if tags else {}))


def _uncover(code: str) -> str:
    return SOLUTION.sub(lambda found: found["lines"], code).rstrip("\n")


def _empty(code: str, source: Path) -> str:
    named = EXERCISE.match(code)
    if named is None:
        raise SourceError(
            f"{source.name}: an exercise begins with a line like '# Exercise 3.2: …'. This one "
            f"does not:\n{code}"
        )
    stop = f'raise nb.course.NotBegun("exercise {named[1]}")'
    return SOLUTION.sub(lambda found: f"{found['indent']}{stop}\n", code).rstrip("\n")


if __name__ == "__main__":
    sys.exit(main())
