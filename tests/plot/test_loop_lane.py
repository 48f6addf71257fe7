"""The event loop's own lane: when it was held, by whom, and nothing where it was not."""

from __future__ import annotations

import pytest

from aiml_nb.plot import plot_timeline
from aiml_nb.records import Comparison, LoopDelay, Run
from aiml_nb.report.alt_text import alt_text
from aiml_nb.report.loop_delays import tell_loop_delays

from ..analysis.builders import call, make_run, make_sync
from .test_timeline import legend, texts

SAVE = LoopDelay(started=0.4, duration=0.5, function="save_notes", file="notes.py", line=3)


def held(*delays: LoopDelay) -> Run:
    return make_run(call(0, 1), call(0, 1.2), loop_delays=list(delays))


def test_a_bar_for_each_time_in_which_the_loop_was_held() -> None:
    figure = plot_timeline(held(SAVE, LoopDelay(started=1.0, duration=0.1)))

    lane = figure.axes[-1]
    bars = [bar for bar in lane.patches if bar.get_gid() == "loop held"]
    assert [bar.get_x() for bar in bars] == pytest.approx([0.4, 1.0])
    assert [bar.get_width() for bar in bars] == pytest.approx([0.5, 0.1])
    assert lane.get_xlim() == figure.axes[0].get_xlim()
    assert "Event loop: held by save_notes() for 0.50 s (line 3) and something for 0.10 s" in texts(
        figure
    )
    assert "event loop held: no call could go on" in legend(figure)


def test_a_loop_that_nobody_held_has_no_lane() -> None:
    figure = plot_timeline(held())

    assert len(figure.axes) == 1
    assert not any("vent loop" in text for text in [*texts(figure), *legend(figure)])
    assert "event loop" not in alt_text(held())


def test_of_two_runs_it_says_whose_loop_it_was() -> None:
    pair = Comparison(pairs=[(make_sync(call(0, 1), call(1, 2)), held(SAVE))])

    (title,) = (text for text in texts(plot_timeline(pair)) if text.startswith("Event loop"))

    assert title == "Event loop of gather: held by save_notes() for 0.50 s (line 3)"


def test_the_alternative_text_says_it_too() -> None:
    told = "A lane under them shows the event loop held by save_notes() for 0.50 s (line 3)."

    assert told in alt_text(held(SAVE))


@pytest.mark.parametrize(
    ("delays", "told"),
    [
        ([SAVE, SAVE], "held by save_notes() for 1.00 s (line 3, 2 times)"),
        (
            [SAVE, *(LoopDelay(started=1, duration=0.1, function=each) for each in "abc")],
            "held by save_notes() for 0.50 s (line 3), a() for 0.10 s and 2 others",
        ),
    ],
)
def test_who_held_it_longest_is_named_first(delays: list[LoopDelay], told: str) -> None:
    assert tell_loop_delays(held(*delays)) == told


def test_a_long_name_is_cut_to_the_width_of_the_lane() -> None:
    long = LoopDelay(started=0, duration=1, function="save_" * 60, file="x.py", line=3)
    figure = plot_timeline(held(long))
    figure.draw_without_rendering()

    (title,) = (t for t in figure.texts if t.get_text().startswith("Event loop"))

    assert title.get_text().endswith("…")
    assert title.get_window_extent().x1 <= figure.bbox.x1
