"""Change the solutions in small ways, and tell which changed ones a check accepts.

``python -m tests.course.mutants [KEY …]`` prints a row per exercise: its mutants, and those that
pass. A mutant that passes is either as right as the solution, and stands in `EQUIVALENT` with the
reason, or the check is to be made better.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import jupytext

from aiml_nb.course import check
from aiml_nb.course.engine import loop_lag
from aiml_nb.course.engine.run_answer import run_answer

from .equivalent import EQUIVALENT
from .mutate import Mutant, mutate

SOURCES = Path(__file__).parents[2] / "notebooks" / "sources"
# Seconds after which a mutant that hangs is given up.
PATIENCE = 3.0


@dataclass(frozen=True)
class Solved:
    """The cell of an exercise with its solution, and the cells before it."""

    key: str
    cell: str
    before: list[str] = field(repr=False)

    @cached_property
    def mutants(self) -> list[Mutant]:
        """Small changes of the solution's lines."""
        lines = self.cell.splitlines()
        first = next(i for i, line in enumerate(lines, start=1) if "# solution begins" in line)
        last = next(i for i, line in enumerate(lines, start=1) if "# solution ends" in line)
        return mutate(self.cell, range(first, last))

    @cached_property
    def names(self) -> dict[str, Any]:
        """What the cells before it have made of what the cell needs."""
        names: dict[str, Any] = {}
        code = ast.Module(_needed(self.before, self.cell), [])
        execute(compile(code, "<before>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
        return names

    def passes(self, code: str) -> bool:
        """Run a cell as a learner would, and tell whether its check passes."""
        names, tree = dict(self.names), ast.parse(code)
        asked = next(node for node in ast.walk(tree) if _is_check(node))
        tree.body = [each for each in tree.body if asked not in ast.walk(each)]
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        answer = ast.Expression(asked.args[1])  # type: ignore[attr-defined]
        try:
            execute(compile(tree, f"<{self.key}>", "exec", flags), names)
            with contextlib.redirect_stdout(io.StringIO()):
                return bool(check(self.key, eval(compile(answer, "<answer>", "eval"), names)))  # noqa: S307
        except Exception:  # noqa: BLE001  the cell itself has stopped: the learner sees why
            return False


def solved_exercises() -> list[Solved]:
    """Return the exercises of all lessons, in their order."""
    found = []
    for source in sorted(SOURCES.glob("*.py")):
        notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
        cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        for place, cell in enumerate(cells):
            if "# solution begins" in cell:
                asked = next(node for node in ast.walk(ast.parse(cell)) if _is_check(node))
                key = asked.args[0].value  # type: ignore[attr-defined]
                found.append(Solved(key, cell, cells[:place]))
    return found


def survivors(solved: Solved) -> list[Mutant]:
    """Return the mutants that pass and are not known to be as right as the solution."""
    known = EQUIVALENT.get(solved.key, {})
    with hurried():
        assert solved.passes(solved.cell), f"the solution of {solved.key} does not pass"
        rest = [mutant for mutant in solved.mutants if mutant.change not in known]
        return [mutant for mutant in rest if solved.passes(mutant.code)]


@contextlib.contextmanager
def hurried() -> Iterator[None]:
    """Give up what hangs after little time, and let no warning through."""
    defaults: Any = run_answer.__kwdefaults__
    before, seconds = defaults["limit"], loop_lag._TIMEOUT
    defaults["limit"] = loop_lag._TIMEOUT = PATIENCE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        defaults["limit"], loop_lag._TIMEOUT = before, seconds


def execute(code: Any, names: dict[str, Any]) -> None:
    """Execute a cell, which may await."""
    with contextlib.redirect_stdout(io.StringIO()):
        result = eval(code, names)  # noqa: S307
        if inspect.iscoroutine(result):
            asyncio.run(result)


def _needed(before: list[str], cell: str) -> list[ast.stmt]:
    """Return the statements of the cells before that make what the cell needs, and no others."""
    kept: list[ast.stmt] = []
    wanted = _loaded(ast.parse(cell)) - _bound(ast.parse(cell))
    statements = [each for code in before for each in _parse(code)]
    for statement in reversed(statements):
        bound = _bound(statement)
        if bound & wanted:
            kept.insert(0, statement)
            wanted = (wanted - bound) | _loaded(statement)
    return kept


def _parse(code: str) -> list[ast.stmt]:
    lines = ["" if line.lstrip().startswith("%") else line for line in code.splitlines()]
    return ast.parse("\n".join(lines)).body


def _loaded(tree: ast.AST) -> set[str]:
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return {node.id for node in nodes if isinstance(node.ctx, ast.Load)}


def _bound(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.arg):
            found.add(node.arg)
    return found


def _is_check(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "check"


def main(keys: list[str]) -> int:
    """Print the table, and the mutants that pass; return how many these are."""
    made = passed = 0
    for solved in solved_exercises():
        if keys and not any(solved.key == key or solved.key.startswith(f"{key}.") for key in keys):
            continue
        alive = survivors(solved)
        made, passed = made + len(solved.mutants), passed + len(alive)
        known = len(EQUIVALENT.get(solved.key, {}))
        print(f"{solved.key:6}{len(solved.mutants):5} mutants, {known} as right, {len(alive)} pass")
        for mutant in alive:
            print(f"        {mutant.change}", flush=True)
    print(f"{made} mutants, {passed} pass")
    return passed


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
