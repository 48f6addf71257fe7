"""Repeated comparisons and runs below each other, asked of their Axes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from aiml_nb.plot import plot_timeline
from aiml_nb.records import Comparison, Run

from ..analysis.builders import call, make_run, make_sync, timed
from ..analysis.schedules import chunked, first_come
from .test_detail_view import inside
from .test_timeline import HOSTILE, bars_in, drawn, legend, states, texts


def repeated(*ratios: float) -> Comparison:
    return Comparison(
        pairs=[(make_sync(*timed((0, ratio))), make_run(*timed((0, 1)))) for ratio in ratios]
    )


def test_a_dot_for_each_pair_and_a_band_for_the_interval() -> None:
    comparison = repeated(1.5, 2.0, 2.5)
    figure = drawn(plot_timeline(comparison))
    strip = figure.axes[0]
    (dots,) = [line for line in strip.lines if line.get_gid() == "pairs"]
    (band,) = [patch for patch in strip.patches if patch.get_gid() == "interval"]
    low, high = comparison.interval or (0, 0)

    assert strip.get_xscale() == "log"
    assert np.asarray(dots.get_xdata()).tolist() == [1.5, 2.0, 2.5]
    assert band.get_extents().x0 == pytest.approx(strip.transData.transform((low, 0))[0])
    assert band.get_extents().x1 == pytest.approx(strip.transData.transform((high, 0))[0])
    assert np.asarray(strip.lines[1].get_xdata()).tolist() == [1, 1]
    assert "same speed" in texts(strip)
    assert figure.axes[1].get_title(loc="left") == "One after another (sync)"


@pytest.mark.parametrize(
    "ratios",
    [(1.01, 1.02), (0.9, 1.1), (0.01, 100.0), (1.0, 1.0), (15.0, 16.0, 17.0), (1, 2), (1e-3,) * 3],
)
def test_any_ratios_have_places_on_the_axis(ratios: tuple[float, ...]) -> None:
    figure = drawn(plot_timeline(repeated(*ratios)))
    strip = figure.axes[0]
    boxes = [label.get_window_extent() for label in strip.get_xticklabels()]

    assert "1×" in texts(strip)
    assert all(before.x1 < after.x0 for before, after in pairwise(boxes))
    inside(figure)


def test_pairs_that_cannot_be_compared_have_no_strip() -> None:
    lost = (make_sync(call(0, 1, outcome="error")), make_run(call(0, 1, outcome="error")))
    figure = drawn(plot_timeline(Comparison(pairs=[lost, lost])))

    assert figure.axes[0].get_xscale() == "linear"


def test_runs_below_each_other() -> None:
    lengths = [1.0, 3.0, 2.0, 1.0, 2.0, 3.0]
    runs = [first_come(lengths, slots=2), chunked(lengths, slots=2), first_come(lengths, slots=1)]
    runs[2].strategy = "sequential"
    figure = drawn(plot_timeline(runs))

    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "gather: 7.00 s, 2 at a time, efficiency 86%",
        "batches: 8.00 s, 2 at a time, efficiency 75%",
        "sequential: 12.0 s, one at a time",
    ]
    assert {axes.get_xlim() for axes in figure.axes} == {(0, 12)}
    assert [states(axes) for axes in figure.axes] == [
        {"bars whole": 6, "bound": 2},
        {"bars whole": 6, "bound": 2},
        {"bars whole": 6},
    ]
    assert all(len(bars_in(axes)) == 1 for axes in figure.axes)
    assert legend(figure) == ["call in flight (not streamed)", "lower bound"]
    inside(figure)


def test_eight_runs_of_many_slots_fit() -> None:
    runs = [first_come([1.0] * 2000, slots=200)] * 8
    figure = drawn(plot_timeline(iter(runs)))

    assert len(figure.axes) == 8
    assert figure.get_size_inches()[1] < 9


def test_bars_too_narrow_for_outlines_keep_their_colour() -> None:
    """The pale bars of 10,000 calls in one slot must not look like answers that stream."""
    for n, outlined in ((20, 1), (10_000, 0)):
        run = make_sync(*timed(*((i, i + 1) for i in range(n))))
        (bars,) = bars_in(plot_timeline([run, run]).axes[0])

        assert len(bars.get_edgecolor()) == outlined


def hostile_run(strategy: str) -> Run:
    run = make_run(*timed(*((0, i + 1) for i in range(30))), strategy=strategy)
    for each in run.calls:
        each.outcome, each.error_type = "error", strategy
    return run


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_drawn_as_text(text: str) -> None:
    """A saved file may name its strategy and its errors as it likes."""
    run = hostile_run(text)

    for figure in (plot_timeline(run), plot_timeline([run, run])):
        drawn(figure)
        inside(figure)
