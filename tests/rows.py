"""Tables of cases: what of them is run ordinarily, and what is slow."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import product
from typing import Any

import pytest


def slow(*values: Any) -> Any:
    """Return a case that is left out of the ordinary run."""
    return pytest.param(*values, marks=pytest.mark.slow)


def in_turn(rows: Iterable[Any], *ways: Collection[Any]) -> list[Any]:
    """Return each row in all ways; ordinarily it is run in one, and the ways take turns."""
    cases = []
    for number, row in enumerate(rows):
        all_ways = list(product(*ways))
        for place, way in enumerate(all_ways):
            is_its_turn = place == number % len(all_ways)
            cases.append(pytest.param(row, *way) if is_its_turn else slow(row, *way))
    return cases
