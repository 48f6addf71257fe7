"""A million prompts in one process: as `many`; it takes ten minutes, and 4 GB of the disk."""

from __future__ import annotations

from . import many
from .rows import Row


def measure(*, repeats: int, quick: bool = False) -> list[Row]:
    """Measure all; quick sees that it runs."""
    rows = many.measure(repeats=repeats, quick=quick, count=1_000_000)
    return [Row("million", *(getattr(row, name) for name in _REST)) for row in rows]


_REST = ("name", "unit", "values", "references", "reference_name")
