"""Mark the cases of a table: run ordinarily, slow, or exhaustive."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import product
from typing import Any

import pytest


def slow(*values: Any) -> Any:
    """Return a case that is left out of the ordinary run."""
    return pytest.param(*values, marks=pytest.mark.slow)


def exhaustive(*values: Any) -> Any:
    """Return a slow case that resembles others: .ci/run leaves it out, too."""
    return pytest.param(*values, marks=[pytest.mark.slow, pytest.mark.exhaustive])


def in_turn(rows: Iterable[Any], *ways: Collection[Any]) -> list[Any]:
    """Return each row combined with all ways; the ordinary run has one of them, which rotates.

    So the ordinary run covers all rows and all ways without all combinations. Of the others the
    one most different from the first is slow, the rest is exhaustive.
    """
    cases = []
    for number, row in enumerate(rows):
        all_ways = list(product(*ways))
        turn = number % len(all_ways)
        for place, way in enumerate(all_ways):
            is_other = place == len(all_ways) - 1 - turn
            mark = pytest.param if place == turn else slow if is_other else exhaustive
            cases.append(mark(row, *way))
    return cases
