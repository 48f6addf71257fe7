"""The layouts "lanes" and "overview", asked of their Axes."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.text import Text

from aiml_nb.plot import plot_timeline
from aiml_nb.plot.durations import percentiles_over_time
from aiml_nb.records import Attempt, Call, Comparison, LimitChange, Run
from aiml_nb.report import alt_text

from ..analysis.builders import call, make_run, make_sync, timed, with_retries
from ..analysis.schedules import first_come, seeded
from ..rows import in_turn, slow
from .test_timeline import bars_in, drawn, legend, states, texts


def pooled(n: int, *, limit: int) -> Comparison:
    """Compare n calls of 1 s, one after another and `limit` at a time."""
    sync = make_sync(*timed(*((i, i + 1) for i in range(n))))
    return Comparison(pairs=[(sync, first_come([1.0] * n, slots=limit))])


def axes_named(figure: Figure, label: str) -> Axes:
    (found,) = [axes for axes in figure.axes if axes.get_ylabel() == label]
    return found


def line(axes: Axes, gid: str) -> tuple[list[float], list[float]]:
    (found,) = [line for line in axes.lines if line.get_gid() == gid]
    return np.asarray(found.get_xdata()).tolist(), np.asarray(found.get_ydata()).tolist()


def steps(axes: Axes, gid: str) -> tuple[np.ndarray, np.ndarray]:
    (found,) = [p for p in axes.artists + axes.patches if p.get_gid() == gid]
    assert isinstance(found, StepPatch)
    data = found.get_data()
    return np.asarray(data.values), np.asarray(data.edges)


def test_two_bars_and_the_run_in_lanes() -> None:
    figure = drawn(plot_timeline(pooled(200, limit=20)))
    overview, lanes, in_flight, done, order = figure.axes

    assert [label.get_text() for label in overview.get_yticklabels()] == ["sync", "async"]
    assert {"200 s", "10.0 s  (20.0× faster)"} <= set(texts(overview))
    assert [bar.get_width() for bar in overview.patches] == [200, 10]  # type: ignore[attr-defined]
    assert lanes.get_ylim() == (19.5, -0.5)
    assert states(lanes) == {"bars whole": 200, "bound": 2}
    assert len(bars_in(lanes)) == 1
    assert [axes.get_ylabel() for axes in (lanes, in_flight, done)] == ["slot", "in flight", "done"]
    assert order.get_title(loc="left") == "completion order"
    assert "zoomed to the async run; each row = one of 20 slots" in texts(figure)
    assert legend(figure) == ["call in flight (not streamed)", "lower bound 10.0 s", "limit"]


def test_the_wedge_leads_from_the_second_bar_to_the_lanes() -> None:
    figure = plot_timeline(pooled(200, limit=20))
    overview, lanes = figure.axes[:2]
    left, right = (np.asarray(line.get_xdata()) for line in figure.artists)
    ends = overview.transData.transform([(0, 1), (10, 1)])[:, 0] / 900
    box = lanes.get_position()

    assert left.tolist() == pytest.approx([ends[0], box.x0])
    assert right.tolist() == pytest.approx([ends[1], box.x1])


def test_the_strips_say_how_much_was_in_flight_and_done() -> None:
    calls = [
        call(0, 2, first_token=1),
        call(0, 4, first_token=1),
        *(call(4, 5, outcome="error", error_type="500") for _ in range(2)),
        *(call(outcome="not_started") for _ in range(26)),
    ]
    figure = drawn(plot_timeline(make_run(*calls, max_concurrency=2)))
    in_flight, done = axes_named(figure, "in flight"), axes_named(figure, "done")
    streaming, edges = steps(in_flight, "streaming")
    waiting, _ = steps(in_flight, "waiting")
    middles = (edges[:-1] + edges[1:]) / 2

    assert streaming[(middles > 1.1) & (middles < 1.9)] == pytest.approx(2)
    assert streaming[(middles > 2.1) & (middles < 3.9)] == pytest.approx(1)
    assert waiting[middles < 0.9] == pytest.approx(2)
    assert streaming[middles < 0.9] == pytest.approx(0)
    assert waiting[middles > 4.1] == pytest.approx(2)
    assert line(done, "done ok") == ([0, 2, 4, 5], [0, 1, 2, 2])
    assert line(done, "done other") == ([0, 5, 5, 5], [0, 1, 2, 2])
    assert "2 calls not ok" in texts(done)
    assert line(in_flight, "limit") == ([0, 5], [2, 2])
    assert "mean 1.6 in flight" in texts(in_flight)


def test_backoff_lies_above_what_is_in_flight() -> None:
    calls = [with_retries(0, times=(1, 2, 1)), *timed(*([(0.0, 4.0)] * 29))]
    in_flight = axes_named(drawn(plot_timeline(make_run(*calls))), "in flight")
    resting, edges = steps(in_flight, "backoff")
    waiting, _ = steps(in_flight, "waiting")
    middle = np.searchsorted(edges, 2)

    assert (waiting[middle], resting[middle]) == pytest.approx((29, 30))
    assert (waiting[10], resting[10]) == pytest.approx((30, 30))


def test_the_order_is_a_point_for_each_call() -> None:
    spans = [(0.0, 30.0 - i) for i in range(28)]
    run = make_run(*timed(*spans), call(0, 1.5, outcome="error"), call(outcome="not_started"))
    order = drawn(plot_timeline(run)).axes[-1]

    assert line(order, "ok")[0] == list(range(1, 29))
    assert line(order, "ok")[1] == list(range(29, 1, -1))
    assert line(order, "not ok") == ([29], [1])
    assert [label.get_text() for label in order.get_xticklabels()] == ["1", "30"]


def test_what_was_not_made_now_has_no_room_in_strip_and_order() -> None:
    """Of a run that was gone on with, what the journal had; the bound is of what finished."""
    journal = [call(submitted=None, outcome="ok", from_journal=True) for _ in range(42)]
    run = make_run(*journal, *timed(*([(0.0, 2.0)] * 6)), call(0, None), call(0, None))
    run.max_concurrency = 2
    figure = drawn(plot_timeline(run))
    done, order = axes_named(figure, "done"), figure.axes[-1]

    assert line(done, "done ok")[1][-1] == 6
    assert line(done, "done bound")[1] == [0, 6]
    assert [label.get_text() for label in done.get_yticklabels()] == ["0", "8"]
    assert [label.get_text() for label in order.get_xticklabels()] == ["1", "8"]


def test_the_notes_hold_the_identity() -> None:
    assert {
        "0% of pairs overtook",
        "efficiency 100% of the bound",
        "20.0× = 20 in flight",
        "        ÷ 1.00 slower per call",
    } <= set(texts(plot_timeline(pooled(200, limit=20))))


def test_a_run_alone_has_no_overview() -> None:
    figure = drawn(plot_timeline(first_come([1.0] * 40, slots=5)))

    assert len(figure.axes) == 4
    assert "each row = one of 5 slots" in texts(figure)


def test_many_calls_are_drawn_as_durations_and_density() -> None:
    figure = drawn(plot_timeline(pooled(10_000, limit=50)))
    large, order = figure.axes[1], figure.axes[-1]

    assert large.get_ylabel() == "seconds per call"
    assert len(figure.findobj(StepPatch)) == 4
    assert [c.get_gid() for c in order.collections] == ["density"]
    assert not bars_in(large)
    assert len(figure.findobj()) < 900


def test_percentiles_over_time_by_hand() -> None:
    """Durations 1 to 21 that finish in the first stretch: 5 % is 2, the median 11, 95 % 20."""
    calls = [call(0.5 - i / 100, 0.5, outcome="ok") for i in range(1, 22)]
    calls.append(call(0, 30, outcome="error"))
    edges, values = percentiles_over_time(make_run(*calls), horizon=60)

    assert edges.tolist() == list(range(61))
    assert values[:, 0] == pytest.approx([0.02, 0.11, 0.2])
    assert np.isnan(values[:, 1:]).all()


def test_a_limit_that_changes_is_drawn_with_its_429s() -> None:
    history = [
        LimitChange(at=0.0, limit=8, cause="start"),
        LimitChange(at=0.5, limit=4, cause="429"),
        LimitChange(at=3.0, limit=5, cause="ok"),
    ]
    calls = [with_retries(0, times=(0.5, 1, 1)), *timed((0, 3), (0, 4))]
    few = make_run(*calls, max_concurrency=8, limit_history=history)
    many = make_run(*calls, *timed(*((0.0, 4.0),) * 30), max_concurrency=8, limit_history=history)

    for figure in (drawn(plot_timeline(few)), drawn(plot_timeline(many))):
        strip = axes_named(figure, "in flight")
        assert line(strip, "limit") == ([0, 0.5, 3, 4], [8, 4, 5, 5])
        assert line(strip, "429s")[0] == [0.5]
        assert {"limit", "status 429"} <= set(legend(figure))


def refused(n: int) -> Run:
    """Return n calls in three slots; a 429 at 1 s stops all sending until 3 s."""
    calls = [with_retries(0, times=(1, 2, 1)), *timed((0, 1.5), (0, 2.5))]
    return make_run(*calls, *timed(*((3.0 + i // 2, 4.0 + i // 2) for i in range(n - 3))))


@pytest.mark.parametrize("n", [8, slow(60), 1500])
def test_pauses_are_bands_behind_all_else(n: int) -> None:
    run = refused(n)
    sync = make_sync(*timed(*((i, i + 1) for i in range(n))))

    for shown in (run, Comparison(pairs=[(sync, run)]), [run, run]):
        figure = drawn(plot_timeline(shown))
        bands = [c for c in figure.findobj(PolyCollection) if c.get_gid() == "pauses"]

        assert "pause after a 429: nothing is sent" in legend(figure)
        assert bands
        for band in bands:
            assert isinstance(band, PolyCollection)
            (path,) = band.get_paths()
            assert (path.get_extents().x0, path.get_extents().x1) == (1, 3)
            assert (path.get_extents().y0, path.get_extents().y1) == (0, 1)
            assert band.get_hatch()
            assert band.get_zorder() < 1
    assert "Hatched bands mark 1 pause after a 429." in alt_text(run)


def test_done_and_not_ok_differ_in_more_than_colour() -> None:
    spans = timed(*((i, i + 1) for i in range(40)))
    for each in spans[::2]:
        each.outcome, each.error_type = "error", "503"
    done = axes_named(drawn(plot_timeline(make_run(*spans))), "done")
    ok, other = (
        next(line for line in done.lines if line.get_gid() == gid)
        for gid in ("done ok", "done other")
    )

    assert (ok.get_linestyle(), other.get_linestyle()) == ("-", "-.")
    assert (ok.get_marker(), other.get_marker()) == ("None", "X")


def inside(figure: Figure) -> None:
    """Check that no text leaves the page."""
    height = figure.get_size_inches()[1] * 100
    for text in figure.findobj(Text):
        if text.get_text() and text.get_visible():
            box = text.get_window_extent()
            what = text.get_text()
            assert -1 <= box.x0 <= box.x1 <= 901, what
            assert -1 <= box.y0 <= box.y1 <= height + 1, what


@pytest.mark.parametrize(("limit", "n"), in_turn([1, 2, 7, 40, 1000], [25, 300, 10_000]))
def test_nothing_leaves_the_page(n: int, limit: int) -> None:
    draw = seeded(n)
    run = first_come([draw.lognormvariate(0, 1) for _ in range(n)], slots=limit)
    for i in range(0, n, 20):
        run.calls[i].outcome, run.calls[i].error_type = "error", "503"
    sync = make_sync(*timed(*((i, i + 1) for i in range(n))))

    inside(drawn(plot_timeline(Comparison(pairs=[(sync, run)]))))


@pytest.mark.parametrize(
    "calls",
    [
        [call(submitted=None)] * 30,
        [call(outcome="not_started") for _ in range(30)],
        [call(0, 0) for _ in range(30)],
        [call(0, None) for _ in range(30)],
        [call(0, 1, outcome="error", error_type="500") for _ in range(30)],
        [call(1e-7, 2e-7) for _ in range(30)],
        [call(0, 1e6) for _ in range(3000)],
        [call(i * 1e-3, i * 1e-3 + 1e-3, outcome="refused") for i in range(3000)],
        [call(0, 1, first_token=0.5) for _ in range(30)] + [call(0, 1) for _ in range(5)],
    ],
)
def test_odd_runs_are_drawn(calls: list[Call]) -> None:
    run = make_run(*calls)

    drawn(plot_timeline(run))
    drawn(plot_timeline(Comparison(pairs=[(make_sync(*calls), run)] * 3)))
    drawn(plot_timeline([run] * 3))


def test_stamps_that_cannot_be_are_drawn_nevertheless() -> None:
    """A saved file may hold anything."""
    draw = seeded(0)
    stamps = [None, -1.0, 0.0, 1.0, 2.0, 1e9]

    def odd_run(n: int) -> Run:
        calls = []
        for _ in range(n):
            a, b, c, d = (draw.choice(stamps) for _ in range(4))
            attempts = [
                Attempt(
                    number=i, started=draw.choice([0.0, 1.0, 5.0]), finished=draw.choice(stamps)
                )
                for i in range(draw.randrange(3))
            ]
            outcome = draw.choice(["ok", "error", "cancelled", "not_started", "incomplete"])
            calls.append(
                call(a, b, first_token=c, submitted=d, attempts=attempts, outcome=outcome)  # type: ignore[arg-type]
            )
        return make_run(*calls, max_concurrency=draw.choice([1, 3, 100]))

    for n in (1, 30, 60):
        drawn(plot_timeline(odd_run(n)))
        drawn(plot_timeline(Comparison(pairs=[(odd_run(n), odd_run(n)), (odd_run(n), odd_run(n))])))
        drawn(plot_timeline([odd_run(n), odd_run(n)]))
