"""What is drawn within bars, and how kinds of call are told apart."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from aiml_nb.analysis.arrays import Columns
from aiml_nb.analysis.kinds import kinds
from aiml_nb.plot import plot_timeline
from aiml_nb.plot.inside import Inside
from aiml_nb.plot.kinds import KIND_BARS
from aiml_nb.plot.levels import count_in_flight
from aiml_nb.plot.segments import segments
from aiml_nb.plot.style import BARS, PAUSE
from aiml_nb.records import Call, Run

from ..analysis import watched
from ..analysis.builders import (
    call,
    faq,
    item,
    make_run,
    make_sync,
    step,
    timed,
    watch_run,
    with_retries,
)
from ..golden.cases import every_outcome, many


def inside_of(*calls: Call) -> Inside:
    found = segments(make_run(*calls), plain="chat").inside
    assert found is not None
    return found


def bars(found: Inside) -> dict[str, list[list[float]]]:
    """Return what is drawn as ``[start, end, row, band, of, band within a step, of]``."""
    return {
        state: [
            [*np.round(each[:2], 6).tolist(), *found.places[int(each[2])].astype(int).tolist()]
            for each in rows
        ]
        for state, rows in found.bars.items()
        if len(rows)
    }


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for row in figure.legends for text in row.get_texts()]


def boxes(axes: Axes, prefix: str) -> np.ndarray:
    """Return rows of left, bottom, right and top, in pixels, of the bars with such names."""
    found = [
        axes.transData.transform(path.vertices)
        for each in axes.collections
        if isinstance(each, PolyCollection) and str(each.get_gid()).startswith(prefix)
        for path in each.get_paths()
    ]
    return np.array([[*box.min(axis=0), *box.max(axis=0)] for box in found])


def test_children_are_bars_within_the_bar_one_after_the_other() -> None:
    found = inside_of(item(0, 3, call(0.1, 1, first_token=0.4), call(1, 2.9, api="embeddings")))

    assert bars(found) == {
        "waiting": [[0.1, 0.4, 0, 0, 1, 0, 0]],
        "streaming": [[0.4, 1, 0, 0, 1, 0, 0]],
        "embeddings whole": [[1, 2.9, 0, 0, 1, 0, 0]],
    }


def test_children_at_once_are_below_each_other() -> None:
    found = inside_of(item(0, 2, call(0, 1), call(0.5, 2), call(1, 2)))

    assert bars(found) == {
        "whole": [[0, 1, 0, 0, 2, 0, 0], [0.5, 2, 0, 1, 2, 0, 0], [1, 2, 0, 0, 2, 0, 0]]
    }


def test_calls_within_steps_are_drawn_and_those_below_in_the_place_of_their_steps() -> None:
    deepest = step("fourth", 0.4, 0.7, call(0.4, 0.7), call(0.5, 0.6))
    deep = step("third", 0.2, 0.8, call(0.3, 0.4), deepest, step("empty", 0.75, 0.8))
    run = make_run(item(0, 2, step("first", 0, 1, call(0.1, 0.2), deep), call(1, 2)))
    found = segments(run, plain="chat").inside

    assert found is not None
    assert bars(found) == {
        "step": [[0, 1, 0, 0, 1, 0, 0], [0.75, 0.8, 0, 0, 1, 0, 2]],
        "whole": [
            [0.1, 0.2, 0, 0, 1, 0, 2],
            [0.3, 0.4, 0, 0, 1, 0, 2],
            [0.4, 0.7, 0, 0, 1, 0, 2],
            [0.5, 0.6, 0, 0, 1, 1, 2],
            [1, 2, 0, 0, 1, 0, 0],
        ],
    }
    assert [name for *_, name in found.names] == ["first", "empty"]
    assert kinds(run) == {"chat": 5}


def test_retries_and_failures_of_children_are_drawn_as_those_of_calls() -> None:
    inner = with_retries(0.5, times=(0.5, 0.25, 1), outcome="error")
    found = inside_of(item(0, 3, inner))

    assert bars(found) == {
        "retried": [[0.5, 1, 0, 0, 1, 0, 0]],
        "failed": [[1.25, 2.25, 0, 0, 1, 0, 0]],
    }
    assert found.backoff.tolist() == [[1, 1.25, 0]]
    assert found.marks["failed"].tolist() == [[2.25, 0]]


def test_children_are_cut_off_where_their_parent_ends() -> None:
    found = inside_of(
        call(-1, -0.5, submitted=-1.0),
        item(0, 1, call(-5, -4), call(3, 4), call(0.5, 9, outcome="error"), call(-1, 0.2), call()),
    )

    assert bars(found) == {
        "failed": [[1.5, 2, 1, 0, 1, 0, 0]],
        "whole": [[1, 1.2, 1, 0, 1, 0, 0]],
    }
    assert found.marks["failed"].tolist() == []


def test_what_never_ended_is_drawn_to_the_end_of_its_parent() -> None:
    found = inside_of(call(0, 9), item(0, 2, call(1, None)))

    assert bars(found) == {"cancelled": [[1, 2, 1, 0, 1, 0, 0]]}
    assert found.marks["cancelled"].tolist() == []


@pytest.mark.parametrize(
    "run",
    [faq().concurrent, faq(stream=False).sync, every_outcome(), many()],
    ids=["streamed", "whole", "every outcome", "many"],
)
def test_plain_chat_calls_are_drawn_as_ever(run: Run) -> None:
    plain, told = segments(run), segments(run, plain="chat")

    assert told.inside is None
    assert list(told.bars) == list(plain.bars) == list(BARS)
    for state, rows in plain.bars.items():
        assert np.array_equal(told.bars[state], rows)


def test_one_kind_alone_is_plain_whichever_it_is() -> None:
    run = watch_run(*timed((0, 1), (0, 2), api="responses"))

    assert legend(plot_timeline(run))[0] == "call in flight (not streamed)"


def test_several_kinds_have_a_hatch_each_and_an_entry_in_the_legend() -> None:
    figure = plot_timeline(watched.mixed())
    (axes,) = figure.axes
    hatches = {str(c.get_gid()): c.get_hatch() for c in axes.collections if c.get_hatch()}

    assert [text for text in legend(figure) if "bound" not in text] == [
        "chat call",
        "chat: answer streaming",
        "responses: waiting for first token",
        "responses: answer streaming",
        "embeddings call",
        "moderations call",
        "images call",
        "speech call",
    ]
    assert set(hatches) == {
        *("bars embeddings whole", "bars moderations whole", "bars images whole"),
        *("bars speech whole", "bars responses waiting", "bars responses streaming"),
    }
    assert len(set(hatches.values())) == 5


def test_no_two_kinds_have_one_hatch() -> None:
    of_kinds = {state.split()[0]: look.hatch for state, look in KIND_BARS.items() if look.hatch}
    of_others = [look.hatch for look in (*BARS.values(), PAUSE) if look.hatch]

    assert len({*of_kinds.values(), *of_others}) == len(of_kinds) + len(of_others)


@pytest.mark.parametrize("n", [1, 3, 6, 7, 24, 50, 400])
def test_what_is_in_a_bar_stays_in_it(n: int) -> None:
    figure = plot_timeline(watched.chain(n, slots=min(n, 8)))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    outer, inner = boxes(axes, "bars function"), boxes(axes, "inside")

    assert len(outer) == n
    assert len(inner) == 8 * n  # three steps with a call each, two of them streamed
    for left, bottom, right, top in inner:
        assert top - bottom >= 1.5
        holds = (outer[:, 0] <= left + 0.01) & (outer[:, 2] >= right - 0.01)
        assert np.any(holds & (outer[:, 1] < bottom) & (outer[:, 3] > top))


def test_names_of_steps_are_written_where_they_fit() -> None:
    figure = plot_timeline(watched.chain(3))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    names = [text for text in axes.texts if text.get_gid() == "step name"]

    assert [text.get_text() for text in names] == ["look up", "draft", "check"] * 3
    calls = boxes(axes, "inside waiting")
    for text in names:
        box = text.get_window_extent()
        assert not any(
            box.x0 < right and left < box.x1 and box.y0 < top - 1 and bottom < box.y1 - 1
            for left, bottom, right, top in calls
        )


def test_short_steps_have_no_name() -> None:
    names = [text.get_text() for text in plot_timeline(watched.chain(50)).axes[0].texts]

    assert "draft" in names
    assert "check" not in names


@pytest.mark.parametrize(("n", "named"), [(8, True), (24, False)])
def test_names_of_steps_leave_the_calls_in_them_their_room(n: int, named: bool) -> None:
    axes = plot_timeline(watched.agents(n)).axes[0]
    low = min(top - bottom for _, bottom, _, top in boxes(axes, "inside embeddings").tolist())

    assert any(text.get_gid() == "step name" for text in axes.texts) == named
    assert low >= 4


@pytest.mark.parametrize("more", [0, 30], ids=["rows", "lanes"])
def test_hostile_items_are_drawn(more: int) -> None:
    calls = [*watched.hostile_items(), *timed(*((0, 1 + i / 9) for i in range(more)))]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = plot_timeline(make_run(*calls))
        figure.draw_without_rendering()

    assert not any(text.get_parse_math() for text in figure.findobj(Text))
    assert all(len(text.get_text()) < 2000 for text in figure.findobj(Text))
    assert figure.get_size_inches()[1] < 12


def test_a_strip_counts_the_calls_within_functions() -> None:
    run = Columns.of(make_run(item(0, 4, call(0, 2), call(1, 3)), item(1, 3, call(1, 3))))
    drawn = segments(run, plain="chat")
    found = count_in_flight(run, drawn, np.arange(5.0))

    assert found.functions is not None
    assert found.functions.tolist() == [1, 2, 2, 1]
    assert found.levels["waiting"].tolist() == [1, 3, 2, 0]


def test_a_strip_tells_kinds_apart() -> None:
    run = Columns.of(watch_run(call(0, 2), call(0, 1, api="embeddings"), call(1, 2, api="odd")))
    found = count_in_flight(run, segments(run, plain="chat"), np.arange(3.0))

    assert found.functions is None
    assert {state: level.tolist() for state, level in found.levels.items()} == {
        "streaming": [0, 0],
        "waiting": [1, 1],
        "embeddings whole": [2, 1],
        "other whole": [2, 2],
    }


def test_runs_side_by_side_have_one_plain_kind() -> None:
    mixed = watch_run(call(0, 1), call(0, 2, api="responses"))
    alone = make_sync(*timed((0, 1), (1, 2), api="responses"))
    figure = plot_timeline([mixed, alone, alone])

    assert {str(c.get_gid()) for c in figure.axes[1].collections if len(c.get_paths())} == {
        "bars responses whole"
    }
