"""How a race stands, in words and as it is shown."""

from __future__ import annotations

import pytest

from aiml_nb.records import Run
from aiml_nb.widgets.screen import Pulse, Screen
from aiml_nb.widgets.side import Side
from aiml_nb.widgets.standing import headline, lateness, notices, podium, running_speedup

from ..analysis.builders import make_run, make_sync, timed


@pytest.fixture
def sync() -> Run:
    return make_sync(*timed((0, 1), (1, 3), (3, 4), (4, 9)))


@pytest.fixture
def concurrent() -> Run:
    return make_run(*timed((0, 1), (0, 2), (0, 1), (0, 3)))


def at(moment: float, sync: Run, concurrent: Run) -> list[Side]:
    sides = [Side("A", sync, over=True), Side("B", concurrent, over=True)]
    return [side.at(moment) for side in sides]


@pytest.mark.parametrize(
    ("moment", "said", "standing"),
    [
        (0.5, "Running.", ""),
        (1.5, "Running.", "B is ahead, 2 to 1: 2.0× faster so far."),
        (3.0, "B is done after 3.00 s. A has 2 left.",
         "Now A has 2 left: B is at least 1.0× faster."),
        (6.0, "B is done after 3.00 s. A has 2 left.",
         "Now A has 1 left: B is at least 2.0× faster."),
        (9.0, "Both are done: B after 3.00 s, A after 9.00 s.", ""),
    ],
)  # fmt: skip
def test_what_is_said_at_a_moment(
    moment: float, said: str, standing: str, sync: Run, concurrent: Run
):
    sides = at(moment, sync, concurrent)

    assert headline(sides) == said
    assert running_speedup(sides) == standing


def test_the_podium_fills_in_the_order_in_which_the_sides_finish(sync: Run, concurrent: Run):
    empty, half, full = (podium(at(moment, sync, concurrent)) for moment in (0.5, 4.0, 9.0))

    assert empty.count("…") == 2
    assert "<b>1st</b> B · 3.00 s" in half
    assert "<b>2nd</b> …" in half
    assert "<b>2nd</b> A · 9.00 s" in full


@pytest.mark.parametrize(
    ("answered", "said"), [((1, 1), "Level so far."), ((1, 0), "ahead, 1 to 0.")]
)
def test_sides_that_are_level_or_have_nothing_to_compare(answered: tuple[int, int], said: str):
    sides = [
        Side(letter, make_run(*timed((0, 1), (0, 9))), now=1.0 if count else 0.5).at(
            1.0 if count else 0.5
        )
        for letter, count in zip("AB", answered, strict=True)
    ]

    assert running_speedup(sides).endswith(said)


def test_only_what_is_unusual_is_said_of_a_late_computer():
    assert lateness(0.1) == ""
    assert lateness(0.4).startswith("This computer was late by 0.40 s")


def test_why_a_side_sends_nothing_is_said_by_its_letter():
    assert notices({"B": "paused for 1 s by the server, 1 s left", "A": ""}) == (
        "B: paused for 1 s by the server, 1 s left."
    )
    assert notices({}) == ""


def test_long_sentences_are_written_smaller_and_all_are_text():
    screen = Screen()

    screen.say("B is done <i>.")
    short = screen.status.value
    screen.say("x" * 65)

    assert 'role="status"' in short
    assert "&lt;i&gt;" in short
    assert "aiml-nb-long" not in short
    assert "aiml-nb-long" in screen.status.value
    screen.refuse("No.", "<b>")
    assert 'role="alert"' in screen.status.value
    assert "&lt;b&gt;" in screen.status.value


def test_each_beat_of_the_pulse_changes_the_class_and_the_last_takes_it_off():
    view = Screen().picture
    view.add_class("mine")
    pulse, seen = Pulse(view), []

    for _ in range(3):
        pulse.beat()
        seen.append(tuple(view._dom_classes))
    pulse.stop()

    assert seen[0] != seen[1]
    assert seen[0] == seen[2]
    assert tuple(view._dom_classes) == ("mine",)
