"""At least half of all exercises are about waiting: their solutions await."""

from __future__ import annotations

import ast

from aiml_nb.course.engine.progress import Progress
from aiml_nb.course.engine.registry import list_lessons
from tests.course.mutants import Solved, solved_exercises

from .lessons import LESSONS

WAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)


def waits(solved: Solved) -> bool:
    """Tell whether a line that the learner is to write waits for something."""
    lines = solved.cell.splitlines()
    first = next(i for i, line in enumerate(lines, start=1) if "# solution begins" in line)
    last = next(i for i, line in enumerate(lines, start=1) if "# solution ends" in line)
    nodes = ast.walk(ast.parse(solved.cell))
    return any(isinstance(node, WAITS) and first < node.lineno < last for node in nodes)


def test_at_least_half_of_the_exercises_need_an_await() -> None:
    awaited = {each.key: waits(each) for each in solved_exercises()}

    assert awaited["11.9"]
    assert not awaited["8.3"]  # a row of a file
    assert sum(awaited.values()) >= len(awaited) / 2


def test_progress_says_which_exercises_are_in_appendices() -> None:
    appendices = [each for each in LESSONS if each.name.startswith("appendix")]
    keys = sorted((key for each in appendices for key in each.exercises), key=float)

    page = next(each for each in LESSONS if each.name == "progress")
    assert f"({', '.join(keys[:-1])} and {keys[-1]} are in the appendices.)" in page.markdown
    assert {key for each in list_lessons() for key in each.appendix} == set(keys)
    assert all(f"{key} (appendix)" in repr(Progress((), list_lessons())) for key in keys)
