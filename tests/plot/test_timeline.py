"""What is on the page, asked of its Axes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from aiml_nb.plot import plot_timeline
from aiml_nb.records import Comparison, Run

from ..analysis.builders import LONG, SHORT, call, faq, make_run, make_sync, timed, with_retries
from ..rows import in_turn

HOSTILE = [
    "a\ud800b\x00c",
    "$$",
    "$\\frac{1}{$",
    "$x_$",
    "\u202eabc\u2066 \u05e9\u05dc\u05d5\u05dd",
    "\x1b[31mred",
    "x" * 10_240,
    "a\u2028b\r\nc",
    "\u4f60\u597d \U0001f389 \U00013000 \ufdfa" * 9,
    "<script>&\"'",
    "Z\u0301\u0302\u0303\u0304\u0305\u0306algo",
    "%s {0} \\n \\LaTeX",
]


def texts(where: Axes | Figure) -> list[str]:
    return [text.get_text() for text in where.findobj(Text) if text.get_text()]


def states(axes: Axes) -> dict[str, int]:
    """Count what is drawn in each state."""
    bars = {c.get_gid(): len(c.get_paths()) for c in axes.collections}
    marks = {line.get_gid(): np.size(line.get_xdata()) for line in axes.lines if line.get_gid()}
    return {str(gid): count for gid, count in (bars | marks).items() if count}


def bars_in(axes: Axes) -> list[PolyCollection]:
    return [c for c in axes.collections if isinstance(c, PolyCollection)]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for row in figure.legends for text in row.get_texts()]


def drawn(figure: Figure) -> Figure:
    """Draw everything, so that warnings about glyphs would come."""
    figure.draw_without_rendering()
    return figure


@pytest.fixture(autouse=True)
def untouched_settings() -> Iterator[None]:
    before = dict(matplotlib.rcParams)
    yield
    assert dict(matplotlib.rcParams) == before


def long_comparison(n: int, *, limit: int) -> Comparison:
    sync = make_sync(*timed(*((i, i + 1) for i in range(n))))
    concurrent = make_run(
        *timed(*((i // limit, i // limit + 1) for i in range(n))), max_concurrency=limit
    )
    return Comparison(pairs=[(sync, concurrent)])


def test_the_faq_streamed() -> None:
    figure = drawn(plot_timeline(faq()))
    upper, lower = figure.axes

    assert upper.get_title(loc="left") == "One after another (sync)"
    assert lower.get_title(loc="left") == "At the same time (async)"
    for axes in (upper, lower):
        assert [label.get_text() for label in axes.get_yticklabels()] == [LONG, SHORT]
        assert axes.get_xlim() == (0, 4.21)
        assert states(axes)["bars waiting"] == states(axes)["bars streaming"] == 2
    assert {"3.05 s", "4.21 s"} <= set(texts(upper))
    assert {"2nd · 3.12 s", "1st · 1.29 s  ▲1", "1.09 s saved"} <= set(texts(lower))
    assert legend(figure) == [
        "queued",
        "waiting for first token",
        "answer streaming",
        "lower bound 3.12 s",
    ]


def test_header_lines_are_the_finding_and_the_caveat() -> None:
    first, second = (text for text in plot_timeline(faq()).texts)

    assert first.get_text().startswith("Async answered both prompts in 3.12 s")
    assert first.get_fontweight() == "bold"
    assert second.get_text().startswith("1 run each, so no error bar.")


def test_the_card_is_900_pixels_wide_and_as_high_as_its_rows() -> None:
    heights = []
    for n in (2, 6, 7, 24):
        figure = plot_timeline(long_comparison(n, limit=min(n, 4)))
        assert figure.get_size_inches()[0] * figure.dpi == 900
        heights.append(figure.axes[0].get_position().height * figure.get_size_inches()[1] * 100)

    assert heights == pytest.approx([2 * 28, 6 * 28, 7 * 14, 24 * 14])


def test_bars_lie_where_the_stamps_say() -> None:
    axes = plot_timeline(faq(stream=False)).axes[1]
    (bars,) = bars_in(axes)
    boxes = [path.get_extents() for path in bars.get_paths()]

    assert [(box.x0, box.x1) for box in boxes] == [(0, 3.12), (0, 1.29)]
    assert [(box.y0 + box.y1) / 2 for box in boxes] == pytest.approx([0, 1])


def test_a_call_that_was_not_streamed_says_so() -> None:
    figure = plot_timeline(faq(stream=False))

    assert "call in flight (not streamed)" in legend(figure)
    assert "waiting for first token" not in legend(figure)
    assert states(figure.axes[0]) == {"bars whole": 2, "lines queued": 2}


def test_what_looks_the_same_has_one_entry_in_the_legend() -> None:
    figure = plot_timeline([faq(stream=False).sync, faq().concurrent])

    assert legend(figure)[:2] == ["call in flight", "answer streaming"]


def test_the_bound_is_dashed_in_the_concurrent_panel_alone() -> None:
    upper, lower = plot_timeline(faq()).axes

    assert [line.get_linestyle() for line in upper.lines] == []
    (bound,) = lower.lines
    assert bound.get_linestyle() == "--"
    assert np.asarray(bound.get_xdata()).tolist() == [3.12, 3.12]


def test_only_those_who_overtook_are_bold() -> None:
    labels = {t.get_text(): t.get_fontweight() for t in plot_timeline(faq()).axes[1].texts}

    assert labels["1st · 1.29 s  ▲1"] == "bold"
    assert labels["2nd · 3.12 s"] == "normal"


def test_nothing_is_saved_by_a_slower_run() -> None:
    slower = Comparison(
        pairs=[(make_sync(*timed((0, 1), (1, 2))), make_run(*timed((0, 1), (0, 3))))]
    )

    assert not any("saved" in text for text in texts(plot_timeline(slower)))


def test_one_prompt_saves_nothing() -> None:
    """Whatever the difference is, nothing was overlapped."""
    pair = (make_sync(*timed((0, 1.4))), make_run(*timed((0, 1))))
    short = (make_sync(*timed((0, 9))), make_run(*timed((0, 1))))

    for each in (pair, short):
        said = " ".join(texts(plot_timeline(Comparison(pairs=[each]))))
        assert "saved" not in said
        assert "faster" not in said


def test_failures_retries_and_stops_are_told_apart() -> None:
    run = make_run(
        call(0, 1, outcome="timeout", error_type="deadline"),
        with_retries(0, times=(0.5, 1, 1)),
        with_retries(0, times=(0.5, 1, 1)),  # a wait of one alone is its back-off
        call(0, 0.5, outcome="cancelled"),
        call(outcome="not_started"),
        call(0, 0.7, outcome="incomplete"),
        call(0, 0.8, outcome="refused"),
    )
    figure = drawn(plot_timeline(run))
    (axes,) = figure.axes
    hatches = {c.get_gid(): c.get_hatch() for c in axes.collections if c.get_hatch()}

    assert set(hatches) == {"bars failed", "bars retried", "bars cancelled", "pauses"}
    assert len(set(hatches.values())) == 4
    assert states(axes)["ends failed"] == states(axes)["ends cancelled"] == 1
    assert {
        "timed out · 1.00 s",
        "6th · 2.50 s",
        "cancelled · 0.50 s",
        "not started",
        "incomplete · 0.70 s",
        "refused · 0.80 s",
    } <= set(texts(axes))
    assert {"queued", "attempt that was retried", "back-off", "failed", "cancelled"} <= set(
        legend(figure)
    )


def test_savings_over_fewer_prompts_say_so() -> None:
    sync = make_sync(*timed((0, 1), (1, 3), (3, 6)))
    concurrent = make_run(call(0, 1), call(0, 0.1, outcome="error"), call(0, 3))
    figure = plot_timeline(Comparison(pairs=[(sync, concurrent)]))

    assert "1.00 s saved on 2 prompts" in texts(figure)


class Box(NamedTuple):
    """Where something is on the page, in pixels."""

    what: str
    left: float
    bottom: float
    right: float
    top: float

    def covers(self, other: Box) -> bool:
        """Tell whether they overlap by more than a descender reaches into the next row."""
        apart = self.right <= other.left + 1 or other.right <= self.left + 1
        return not (apart or self.top <= other.bottom + 3 or other.top <= self.bottom + 3)


def words_of(axes: Axes) -> list[Box]:
    """Return the words in an Axes and the arrow of the saving."""
    made = []
    for text in axes.texts:
        arrow = getattr(text, "arrow_patch", None)
        box = (arrow or text).get_window_extent()
        made.append(Box(text.get_text() or "arrow", *box.extents))
    return made


def bars_of(axes: Axes) -> list[Box]:
    """Return the bars in an Axes."""
    paths = [path for collection in bars_in(axes) for path in collection.get_paths()]
    boxes = [axes.transData.transform(path.vertices) for path in paths]
    return [
        Box("bar", box[:, 0].min(), box[:, 1].min(), box[:, 0].max(), box[:, 1].max())
        for box in boxes
    ]


@pytest.mark.parametrize(("n", "limit", "pace"), in_turn([1, 2, 6, 7, 24], [1, 4, 24], [0.02, 0.4]))
def test_nothing_overlaps_or_leaves_the_card(n: int, limit: int, pace: float) -> None:
    spans = [(i % limit * 0.1, i % limit * 0.1 + pace * (1 + i * 7 % 5)) for i in range(n)]
    sync = long_comparison(n, limit=limit).sync
    concurrent = make_run(*timed(*spans), max_concurrency=limit)
    figure = drawn(plot_timeline(Comparison(pairs=[(sync, concurrent)])))

    for axes in figure.axes:
        words = words_of(axes)
        assert all(box.left >= 0 and box.right <= 900 for box in words)
        for i, box in enumerate(words):
            covered = [other.what for other in words[:i] + bars_of(axes) if box.covers(other)]
            assert not covered, box.what


def test_words_do_not_cover_the_bound() -> None:
    spans = [(0.0, 1.0), (0.0, 1.9), (0.0, 1.5), (0.0, 2.0)]
    sync = long_comparison(4, limit=4).sync
    figure = drawn(plot_timeline(Comparison(pairs=[(sync, make_run(*timed(*spans)))])))
    lower = figure.axes[1]
    bound = lower.transData.transform((2.0, 0))[0]

    for box in words_of(lower):
        assert box.left >= bound - 1 or box.right <= bound, box.what


@pytest.mark.parametrize("strategy", ["sequential", "gather"])
def test_a_run_alone_has_one_panel(strategy: str) -> None:
    figure = drawn(plot_timeline(make_run(*timed((0, 1), (1, 2)), strategy=strategy)))

    assert len(figure.axes) == 1
    assert strategy in figure.axes[0].get_title(loc="left")


@pytest.mark.parametrize(
    "run",
    [
        make_run(),
        make_run(call(submitted=None)),
        make_run(call(outcome="not_started"), call(outcome="not_started")),
        make_run(call(0, 0), call(0, 0)),
        make_run(call(0, None), call(0, None)),
        make_run(*(call(0, 1, outcome="error", error_type="500") for _ in range(3))),
        make_run(*(call(outcome="not_started") for _ in range(100))),
        make_run(call(1e-7, 2e-7)),
        make_run(call(0, 1e6)),
    ],
)
def test_odd_runs_are_drawn(run: Run) -> None:
    sync = make_sync(*run.calls)

    drawn(plot_timeline(run))
    drawn(plot_timeline(Comparison(pairs=[(sync, run)])))


@pytest.mark.parametrize("n", [2, len(HOSTILE)])
def test_hostile_prompts_are_drawn_as_text(n: int) -> None:
    spans = timed(*((0, i + 1) for i in range(n)))
    figure = drawn(plot_timeline(make_run(*spans, prompts=HOSTILE[-n:])))
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]

    assert all(len(name) <= 26 and name.isprintable() for name in names)
    assert figure.axes[0].get_position().x0 * 900 <= 340
    assert not any(text.get_parse_math() for text in figure.findobj(Text))


def test_a_figure_may_be_given() -> None:
    figure = Figure(figsize=(3, 3), layout="constrained", facecolor="black")
    figure.add_subplot()

    assert drawn(plot_timeline(faq(), figure=figure)) is figure
    assert figure.get_facecolor() == (1, 1, 1, 1)
    assert len(figure.axes) == 2


def test_the_notebooks_settings_do_not_reach_the_card() -> None:
    with matplotlib.rc_context({"axes.facecolor": "black", "text.color": "red", "axes.grid": True}):
        figure = drawn(plot_timeline(faq()))

    assert {axes.get_facecolor() for axes in figure.axes} == {(1, 1, 1, 1)}
    assert figure.texts[0].get_color() != "red"


def test_queues_are_lines_with_a_tick() -> None:
    (queue,) = (
        c
        for c in plot_timeline(faq()).axes[0].collections
        if isinstance(c, LineCollection) and c.get_gid() == "lines queued"
    )
    wait, tick = (np.asarray(segment) for segment in queue.get_segments())

    assert wait.tolist() == [[0, 1], [3.05, 1]]
    assert (tick[:, 0] == 0).all()


@pytest.mark.parametrize("given", [7, None, ["run"], [faq()], {}.values])
def test_other_things_are_refused(given: object) -> None:
    with pytest.raises(TypeError, match="a Run, a Comparison, a list of Runs or a saved file"):
        plot_timeline(given)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 9])
def test_from_one_to_eight_runs(count: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to 8 runs below each other; not {count}"):
        plot_timeline([faq().sync] * count)


def test_no_such_file() -> None:
    with pytest.raises(FileNotFoundError):
        plot_timeline("no-such-file.json")


def test_answers_cut_by_max_tokens_have_their_rank_and_are_no_failures() -> None:
    calls = [call(0, 2 - i, outcome="incomplete", finish_reason="length") for i in range(2)]

    figure = drawn(plot_timeline(make_run(*calls, prompts=[LONG, SHORT])))

    written = " ".join(texts(figure))
    assert "1st · 1.00 s · cut" in written
    assert "2nd · 2.00 s · cut" in written
    assert "incomplete" not in written


def test_answers_cut_by_max_tokens_are_drawn_as_done_in_lanes() -> None:
    calls = [call(0, 1 + i, outcome="incomplete", finish_reason="length") for i in range(30)]

    figure = drawn(plot_timeline(make_run(*calls)))

    assert "not ok" not in " ".join(texts(figure))
    gids = {line.get_gid() for axes in figure.axes for line in axes.lines}
    assert "done ok" in gids
    assert "done other" not in gids
