"""A run as it was: what is shown while a race is paused, gone through in steps or played again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from aiml_nb.plot.segments import segments
from aiml_nb.records import Attempt, Call, Run
from aiml_nb.widgets.moment import as_it_was, as_of, moments
from aiml_nb.widgets.playback import Playback
from aiml_nb.widgets.side import Side

from ..analysis.builders import call, make_run


def streamed(*stamps: float) -> Call:
    """Return a call with its first attempt failed, if there are five stamps, and then streamed."""
    *failed, started, first, finished = stamps
    made = call(min(stamps), finished, first_token=first)
    made.attempts = [Attempt(number=1, started=started, first_token=first, finished=finished)]
    if failed:
        begun, ended = failed
        made.attempts.insert(0, Attempt(number=1, started=begun, finished=ended, status=503))
        made.attempts[-1].number = 2
    return made


@pytest.fixture
def run() -> Run:
    return make_run(streamed(0.0, 1.0, 3.0), streamed(0.5, 1.5, 4.0, 5.0, 6.0), stream=True)


def states(run: Run, moment: float, *, row: int) -> dict[str, tuple[float, float]]:
    """Return where each state of a call is drawn at a moment."""
    drawn = segments(as_of(as_it_was(run, moment), moment))
    spans = {**drawn.bars, **drawn.lines}
    return {
        name: (round(float(start), 6), round(float(stop), 6))
        for name, rows in spans.items()
        for start, stop, at in rows
        if at == row and stop > start
    }


def test_a_call_goes_through_its_states_as_it_did(run: Run):
    assert states(run, 0.4, row=0) == {"waiting": (0.0, 0.4)}
    assert states(run, 1.5, row=0) == {"waiting": (0.0, 1.0), "streaming": (1.0, 1.5)}
    assert states(run, 3.0, row=0) == {"waiting": (0.0, 1.0), "streaming": (1.0, 3.0)}


def test_what_waits_to_be_sent_again_is_drawn_as_that(run: Run):
    assert states(run, 0.2, row=1) == {"queued": (0.0, 0.2)}
    assert states(run, 1.2, row=1)["waiting"] == (0.5, 1.2)
    waits = states(run, 2.0, row=1)
    assert (waits["retried"], waits["backoff"]) == ((0.5, 1.5), (1.5, 2.0))
    assert "waiting" not in waits
    assert states(run, 5.5, row=1)["streaming"] == (5.0, 5.5)


def test_at_its_end_a_run_is_as_it_is_and_it_was_not_changed(run: Run):
    before = repr(run.calls)

    assert as_it_was(run, 6.0).calls == run.calls
    assert as_it_was(run, 0.0).calls != run.calls
    assert repr(run.calls) == before


def test_a_step_goes_to_each_moment_in_turn(run: Run):
    sides = [Side("A", run, over=True), Side("B", run, over=True)]
    playback = Playback(clock=lambda: 0.0)
    playback.play(sides, rate=0, at=0.0)

    found = []
    for _ in range(9):
        playback.step(sides, moments([run]))
        found.append(playback.moment(sides))

    assert found == [0.5, 1.0, 1.5, 3.0, 4.0, 5.0, 6.0, 6.0, 6.0]
    assert all(side.over for side in playback.shown(sides))


@pytest.mark.parametrize("rate", [0.1, 1, 20])
def test_a_replay_takes_its_time_and_ends_in_the_present(run: Run, rate: float):
    now, sides = [100.0], [Side("A", run, over=True)]
    playback = Playback(clock=lambda: now[0])

    playback.play(sides, rate=rate, at=0.0)
    now[0] += 1.0 / rate
    assert playback.moment(sides) == pytest.approx(1.0)
    assert scores(playback.shown(sides)) == ["0 of 2 answered · 1.0 s"]
    now[0] += 100 / rate

    assert playback.has_ended(sides)
    assert playback.shown(sides) == sides


def test_a_pause_stands_still_while_the_calls_go_on(run: Run):
    now = [0.0]
    playback = Playback(clock=lambda: now[0])
    playback.pause([Side("A", run, now=1.2)])
    now[0] = 3.0

    (shown,) = playback.shown([Side("A", run, now=4.2)])

    assert shown.elapsed == 1.2
    assert shown.answered == 0
    playback.follow()
    assert playback.shown([Side("A", run, now=4.2)])[0].answered == 2


def test_a_side_that_began_later_is_shown_as_late_as_it_was(run: Run):
    first, second = replace(run, started_at=1e9), replace(run, started_at=1e9 + 2.0)
    sides = [Side("A", first, over=True), Side("B", second, over=True)]
    playback = Playback(clock=lambda: 0.0)

    playback.play(sides, rate=0, at=3.0)

    assert scores(playback.shown(sides)) == ["1 of 2 answered · 3.0 s", "0 of 2 answered · 1.0 s"]
    playback.step(sides, moments([first, second]))
    assert playback.moment(sides) == 3.5


def scores(sides: Sequence[Side]) -> list[str]:
    return [side.score for side in sides]
