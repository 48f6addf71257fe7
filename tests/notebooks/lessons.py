"""The lessons, their sources and what can be counted in them."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import nbformat

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"


def load_build() -> ModuleType:
    """Import notebooks/build.py, which is no package's."""
    spec = importlib.util.spec_from_file_location("notebooks_build", NOTEBOOKS / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Lesson:
    """One lesson: its source, and the two notebooks made from it."""

    source: Path

    @property
    def name(self) -> str:
        return self.source.stem

    @property
    def number(self) -> str:
        return self.name.partition("-")[0]

    @property
    def student(self) -> Path:
        return NOTEBOOKS / f"{self.name}.ipynb"

    @property
    def solution(self) -> Path:
        """The solved notebook; without exercises there is nothing to solve."""
        solved = NOTEBOOKS / "solutions" / f"{self.name}.ipynb"
        return solved if "# solution begins" in self.source.read_text() else self.student

    @property
    def script(self) -> Path:
        return NOTEBOOKS / "scripts" / f"{self.name}.py"

    @cached_property
    def cells(self) -> list[Any]:
        return list(read(self.solution).cells)

    @property
    def markdown(self) -> str:
        return "\n\n".join(c.source for c in self.cells if c.cell_type == "markdown")

    @property
    def code(self) -> list[str]:
        return [cell.source for cell in self.cells if cell.cell_type == "code"]

    @property
    def exercises(self) -> list[str]:
        found = (re.match(r"# Exercise (\d+\.\d+)", source) for source in self.code)
        return [match[1] for match in found if match]

    @property
    def words(self) -> int:
        return len(self.markdown.split())

    @property
    def minutes(self) -> str:
        found = re.search(r"\b(\d+) minutes", self.cells[0].source + self.cells[1].source)
        return found[1] if found else ""

    @property
    def code_lines(self) -> tuple[float, int]:
        """The median and the maximum of the lines of code cells, empty ones not counted."""
        lengths = [sum(1 for line in code.splitlines() if line.strip()) for code in self.code]
        return median(lengths), max(lengths)

    def __str__(self) -> str:
        return self.name


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


LESSONS = [Lesson(source) for source in sorted((NOTEBOOKS / "sources").glob("*.py"))]
NUMBERED = [lesson for lesson in LESSONS if lesson.number.isdigit()]
EVERY_NOTEBOOK = sorted({path for each in LESSONS for path in (each.student, each.solution)})
