"""Runs that several workers sent: a band of rows for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.text import Text

from aiml_nb.plot import plot_timeline
from aiml_nb.plot.worker_strip import in_flight_levels
from aiml_nb.report.alt_text import alt_text

from ..analysis.builders import call, make_run
from ..analysis.test_workers import moved, sent
from .gallery import PROMPTS, by_workers
from .test_timeline import legend, texts


def bars(axes: Axes, state: str) -> list[tuple[float, float, int]]:
    """Return from when to when in which row bars are."""
    (found,) = (c for c in axes.collections if c.get_gid() == f"bars {state}")
    boxes = [path.get_extents() for path in found.get_paths()]
    return [(float(b.x0), float(b.x1), round((b.y0 + b.y1) / 2)) for b in boxes]


def lines(axes: Axes, state: str) -> list[list[list[float]]]:
    (found,) = (c for c in axes.collections if c.get_gid() == f"lines {state}")
    return [np.asarray(segment).tolist() for segment in found.get_segments()]  # type: ignore[attr-defined]


def bands(axes: Axes) -> list[tuple[float, float]]:
    """Return the first and the last row of each band."""
    found = [patch for patch in axes.patches if patch.get_gid() == "band"]
    boxes = [patch.get_extents().transformed(axes.transData.inverted()) for patch in found]
    return [(round(min(b.y0, b.y1) + 0.5), round(max(b.y0, b.y1) - 0.5)) for b in boxes]


def names(axes: Axes) -> list[str]:
    return [t.get_text() for t in axes.findobj(Text) if t.get_gid() == "band name"]  # type: ignore[attr-defined]


def test_rows_are_grouped_and_a_call_that_moved_has_one_with_each_worker() -> None:
    run = make_run(sent(("10", 0, 1)), moved(), sent(("2", 0, 4)), prompts=["a", "b", "c"])
    figure = plot_timeline(run)
    (axes,) = figure.axes

    assert axes.get_title(loc="left") == "At the same time (gather, 2 workers)"
    assert names(axes) == ["worker 2", "worker 10"]
    assert bands(axes) == [(0, 1), (2, 3)]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b", "c", "a", "b"]
    assert bars(axes, "retried") == [(0, 1, 0), (2, 3, 0), (5, 6, 3)]
    assert bars(axes, "whole") == [(0, 1, 2), (7, 9, 3), (0, 4, 1)]
    assert lines(axes, "backoff") == [
        [[1, 0], [2, 0]],
        [[3, 0], [5, 0]],
        [[6, 3], [7, 3]],
    ]
    assert {"→ worker 10", "3rd · 9.00 s"} <= set(texts(axes))


def test_a_call_waits_in_the_row_of_its_first_worker() -> None:
    call = sent(("b", 2, 3), ("a", 5, 6), submitted=0.0)
    axes = plot_timeline(make_run(call, sent(("a", 0, 6)))).axes[0]

    assert lines(axes, "queued")[0] == [[0, 2], [2, 2]]


def test_what_no_worker_is_known_for_is_below_all_bands_without_a_name() -> None:
    run = make_run(*(sent((name, 0, 1)) for name in ("1", None, "2", None)))
    axes = plot_timeline(run).axes[0]

    assert names(axes) == ["worker 1", "worker 2"]
    assert bands(axes) == [(0, 0), (1, 1)]
    assert bars(axes, "whole") == [(0, 1, row) for row in (0, 2, 1, 3)]


def test_what_was_made_in_a_function_is_in_the_row_of_the_worker_that_called_it() -> None:
    item = sent(("1", 0, 2), ("2", 3, 6), api="function")
    item.children = [call(0.5, 1.5), call(1, 5), call(4, 5)]
    axes = plot_timeline(make_run(item, sent(("1", 0, 6), api="function"))).axes[0]

    assert [(start, end, row) for start, end, row in inside(axes)] == [
        (0.5, 1.5, 0),
        (1, 3, 0),
        (4, 5, 2),
    ]


def inside(axes: Axes) -> list[tuple[float, float, int]]:
    (found,) = (c for c in axes.collections if c.get_gid() == "inside whole")
    boxes = [path.get_extents() for path in found.get_paths()]
    return [(float(b.x0), float(b.x1), round((b.y0 + b.y1) / 2)) for b in boxes]


@pytest.mark.parametrize("workers", [2, 8, 40])
def test_every_lane_lies_in_the_band_of_its_worker(workers: int) -> None:
    run = by_workers(300, PROMPTS["short"], workers=workers)
    figure = plot_timeline(run)
    axes = figure.axes[0]
    figure.draw_without_rendering()

    its = bands(axes)
    assert len(its) == workers
    assert [first for first, _ in its] == [0, *(last + 1 for _, last in its[:-1])]
    called = names(axes)
    assert called[0] == "worker 1"
    assert len(called) == len(set(called)) >= min(workers, 20)
    assert {row for *_, row in bars(axes, "retried")} <= set(range(its[-1][1] + 1))
    assert "slot" not in texts(axes)
    assert "worker" not in " ".join(legend(figure))


@pytest.mark.parametrize("workers", [2, 8, 40])
def test_of_very_many_calls_each_worker_has_a_row_of_what_it_had_in_flight(workers: int) -> None:
    spans = [(i // 20 * 0.1, i // 20 * 0.1 + 0.1) for i in range(3000)]
    run = make_run(*(sent((f"{i % workers + 1}", *span)) for i, span in enumerate(spans)))
    run.max_concurrency = 20
    figure = plot_timeline(run)
    axes = figure.axes[-1]
    (mesh,) = (c for c in axes.collections if isinstance(c, QuadMesh))

    levels = np.asarray(mesh.get_array()).reshape(workers, -1)
    assert np.allclose(levels.sum(axis=0), 20)
    assert axes.get_title(loc="left").startswith("In flight at each worker")
    assert names(axes)[0] == "worker 1"
    assert len(plot_timeline(run, detail="simple").axes) < len(figure.axes)


def test_in_flight_is_counted_from_the_attempts() -> None:
    levels = in_flight_levels(make_run(moved(), sent(("2", 0, 2))), np.arange(10.0))

    assert levels.tolist() == [[2, 1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 0, 1, 1]]


def test_runs_side_by_side_have_the_bands_of_each() -> None:
    one = make_run(*(sent((None, i, i + 1)) for i in range(3)))
    several = make_run(*(sent((name, 0, 1)) for name in ("tcp://10.0.0.1:40001", "x", "x")))
    first, second = plot_timeline([one, several]).axes

    assert names(first) == []
    assert names(second) == ["10.0.0.1:40001", "worker x"]
    assert bands(second) == [(0, 0), (1, 2)]


@pytest.mark.parametrize("names_of", [(None, None), ("1", "1")])
def test_a_run_of_one_worker_is_drawn_as_any_other(names_of: tuple[Any, Any]) -> None:
    run = make_run(*(sent((name, 0, 1)) for name in names_of))
    axes = plot_timeline(run).axes[0]

    assert axes.get_title(loc="left") == "At the same time (gather)"
    assert names(axes) == bands(axes) == []


def test_the_alternative_text_names_the_workers() -> None:
    def said(n: int, workers: int) -> str:
        return alt_text(by_workers(n, PROMPTS["short"], workers=workers))

    assert "The rows are in bands, one for each of 2 workers: 1 and 2." in said(6, 2)
    assert "300 calls as bars, those of a row one after the other." in said(300, 40)
    assert "The rows are in bands, one for each of 40 workers." in said(300, 40)
