"""The teachers' pages: every exercise with its solution, and the hints that lead to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from aiml_nb.course.engine.registry import look_up

from .lesson import exercise_of

INDEX = """# Solutions

For whoever teaches. A learner gets more from the hints: `hint("1.3")` in any cell of the notebook.
Each exercise has more than one solution; these are those of the notebooks in
`notebooks/solutions`.

```{toctree}
:glob:

*
```
"""


def to_solutions(solved: NotebookNode) -> str:
    """Return a page of Markdown with the solutions of a lesson.

    Parameters
    ----------
    solved
        The notebook from ``notebooks/solutions``.
    """
    title = solved.cells[0].source.partition("\n")[0].removeprefix("# ")
    number = re.match(r"\d+", title)
    heading = f"# Lesson {number[0]}: the solutions" if number else f"# {title}: the solutions"
    return "\n\n".join((heading, *_tell_exercises(solved))) + "\n"


def _tell_exercises(solved: NotebookNode) -> Iterator[str]:
    for cell in solved.cells:
        if task := exercise_of(cell):
            code = cell.source.partition("\n")[2]
            yield f"## {task}\n\n```python\n{code}\n```"
            yield _tell_hints(task)


def _tell_hints(task: str) -> str:
    found = re.search(r"\d+\.\d+", task)
    hints = look_up("EXERCISES", found[0]).hints if found else ()
    return "The hints, in their order:\n\n" + "\n".join(f"1. {hint}" for hint in hints)
