"""Fifty times the calls take a few times as long to draw; the times are printed (``pytest -s``)."""

from __future__ import annotations

from io import BytesIO
from time import perf_counter

import pytest
from matplotlib.figure import Figure

from aiml_nb.plot import draw_png
from aiml_nb.records import Comparison

from ..analysis.builders import call, make_sync
from ..analysis.schedules import first_come, seeded

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def streamed(n: int, *, slots: int) -> Comparison:
    draw = seeded(n)
    run = first_come([draw.lognormvariate(0.5, 0.6) for _ in range(n)], slots=slots)
    for each in run.calls:
        assert each.started is not None
        each.first_token = each.started + 0.2 * (each.duration or 0)
    for i in range(7, n, 60):
        run.calls[i].outcome, run.calls[i].error_type = "error", "503"
    sync = make_sync(*(call(i * 2, i * 2 + 2, first_token=i * 2 + 0.5) for i in range(n)))
    return Comparison(pairs=[(sync, run)])


def seconds_of(comparison: Comparison) -> float:
    return min(_timed(lambda: draw_png(comparison)) for _ in range(3))


def barh_seconds(n: int) -> float:
    """Draw both phases of n calls, twice, with one call of barh for each bar."""

    def work() -> None:
        figure = Figure(figsize=(9, 6), dpi=100)
        for axes in figure.subplots(2):
            for i in range(n):
                axes.barh(i, 0.2, left=i / 20, color="#A6D1EE")
                axes.barh(i, 0.8, left=i / 20 + 0.2, color="#0072B2")
        figure.savefig(BytesIO(), format="png")

    return _timed(work)


def _timed(work: object) -> float:
    begin = perf_counter()
    work()  # type: ignore[operator]
    return perf_counter() - begin


def test_the_time_to_a_png() -> None:
    draw_png(streamed(30, slots=3))
    taken = {
        n: seconds_of(streamed(n, slots=slots))
        for n, slots in ((2, 2), (20, 5), (200, 20), (2000, 50), (10_000, 50))
    }
    bars = barh_seconds(200)
    print()
    for n, time in taken.items():
        print(f"{n:6,} calls: {time:.3f} s")
    print(f"   200 calls, one barh each: {bars:.3f} s")

    assert taken[10_000] < 6 * taken[200]
