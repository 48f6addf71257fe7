"""No two texts of a picture overlap, none leaves it, and no line crosses one: as rendered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, product
from typing import Any

import pytest

from aiml_nb.plot import plot_timeline

from ..rows import exhaustive, slow
from .extents import faults
from .gallery import LAYOUTS, PROMPTS, Builder, cases

WIDTHS = (480, 900, 1920)
DETAILS = ("full", "simple")


def few() -> Iterator[Any]:
    """Yield each layout once or twice, with prompts, widths and details in turn."""
    turns, names = cycle(product(WIDTHS, DETAILS)), cycle(PROMPTS)
    for build, numbers in LAYOUTS.items():
        drawn = [n for n in numbers if n <= 100]
        for n in {drawn[len(drawn) // 2], drawn[-1]}:
            width, detail = next(turns)
            yield build, n, next(names), width, detail


@pytest.mark.parametrize(("build", "n", "prompts", "width", "detail"), list(few()))
def test_nothing_is_cut_covered_or_crossed(
    build: Builder, n: int, prompts: str, width: int, detail: Any
) -> None:
    figure = plot_timeline(build(n, PROMPTS[prompts]), width=width, detail=detail)

    assert faults(figure) == []


@pytest.mark.parametrize(
    ("build", "n", "prompts"),
    [(slow if case[2] == "long" else exhaustive)(*case) for case in cases()],
)
def test_nothing_in_any_layout_is_cut_covered_or_crossed(
    build: Builder, n: int, prompts: str
) -> None:
    shown = build(n, PROMPTS[prompts])
    for width, detail in product(WIDTHS, DETAILS):
        figure = plot_timeline(shown, width=width, detail=detail)

        assert faults(figure) == [], (width, detail)
