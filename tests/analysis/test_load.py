from __future__ import annotations

import pytest

from aiml_nb.analysis import growth_with_load
from aiml_nb.analysis.load import BusyTime
from aiml_nb.records import Run

from .builders import make_run, timed


def test_busy_time_adds_up_spans() -> None:
    busy = BusyTime([(0, 2), (1, 3), (5, 4)])

    assert [busy.until(t) for t in (0, 1, 2, 3, 9)] == [0, 1, 3, 4, 4]
    assert busy.mean(1, 2) == 2
    assert busy.mean(3, 9) == 0


def loaded(growth: float) -> Run:
    """Return waves of 2 to 16 calls in flight; each doubling makes them longer by `growth`."""
    spans, now = [], 0.0
    for i, width in enumerate((2, 4, 8, 16, 8, 4, 2, 16)):
        length = (1 + growth) ** (width.bit_length() - 1) * (1 + (-1) ** i * 0.005)
        spans += [(now, now + length)] * width
        now += length
    return make_run(*timed(*spans), max_concurrency=16)


@pytest.mark.parametrize("growth", [0.0, 0.1, 0.5])
def test_growth_is_read_from_the_load(growth: float) -> None:
    assert growth_with_load(loaded(growth)) == pytest.approx(growth, abs=0.02)


def test_an_even_load_tells_nothing() -> None:
    spans = [(i // 4, i // 4 + 1) for i in range(100)]

    assert growth_with_load(make_run(*timed(*spans))) is None
    assert growth_with_load(make_run(*timed((0, 1), (0, 2)))) is None
    assert growth_with_load(make_run()) is None
