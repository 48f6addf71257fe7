"""The lessons run from top to bottom in a real kernel, all cells queued, with no key."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from functools import cache
from math import inf

import pytest

from ..browser.test_lessons import IN_A_BROWSER
from ..rows import exhaustive, slow
from .lessons import LESSONS, Lesson
from .run_all import Ran, run_all

# Run by the ordinary suite; the others are slow.
QUICK = {"02-the-loop"}
# Those that take longest, which is measured where nothing runs beside them.
LONG = {
    "03-how-many-at-once",
    "05-when-it-fails",
    "07-honest-numbers",
    "11-your-own-runner",
}
pytestmark = pytest.mark.kernel


def alone(*values: object) -> object:
    """Return a slow case that is measured, too: it is run once for both."""
    return pytest.param(*values, marks=[pytest.mark.slow, pytest.mark.alone])


def on(
    lessons: list[Lesson],
    *,
    quick: Collection[str] = (),
    elsewhere: Collection[str] = (),
    measured: Collection[str] = (),
) -> pytest.MarkDecorator:
    """Run the `quick` ones ordinarily; exhaustive are those that run `elsewhere`."""
    marks = {**dict.fromkeys(elsewhere, exhaustive), **dict.fromkeys(measured, alone)}
    marks |= dict.fromkeys(quick, pytest.param)
    params = [marks.get(each.name, slow)(each) for each in lessons]
    return pytest.mark.parametrize("lesson", params, ids=str)


@cache
def solution(lesson: Lesson) -> Ran:
    return run_all(lesson.solution)


@on(LESSONS, quick=QUICK, measured=LONG)
def test_the_solution_runs_without_an_error_and_passes_every_check(lesson: Lesson) -> None:
    ran = solution(lesson)

    assert ran.memory <= 400e6
    assert ran.failed == {}
    assert [answer.stderr for answer in ran.answers if answer.stderr] == []
    assert "Not yet" not in ran.stdout
    assert re.findall(r"^✓ (\d+\.\d+) ", ran.stdout, re.M) == lesson.exercises


@on(LESSONS, quick=QUICK, measured=LONG)
def test_every_picture_is_described_and_every_result_says_it_is_simulated(lesson: Lesson) -> None:
    shown = [data for answer in solution(lesson).answers for data in answer.shown]

    for data in shown:
        if "image/png" in data:
            assert "alt=" in data["text/html"]
            assert "simulated" in data["text/html"].lower()
            assert data["text/plain"]


@on(LESSONS, elsewhere=IN_A_BROWSER)
def test_the_learners_notebook_fails_at_its_exercises_and_nowhere_else(lesson: Lesson) -> None:
    ran = run_all(lesson.student)

    exercises = {c.id: c.source for c in ran.cells if "exercise" in c.metadata.get("tags", [])}
    assert ran.failed == {
        name: f"NotBegun: exercise {re.findall(r'[0-9.]+', source)[0].rstrip('.')}"
        for name, source in exercises.items()
    }
    assert "✓" not in re.sub(r"✓ It was", "", ran.stdout)


@pytest.mark.parametrize(
    "lesson", [(alone if each.name in LONG else exhaustive)(each) for each in LESSONS], ids=str
)
def test_it_takes_few_seconds(lesson: Lesson) -> None:
    # 15 where nothing else runs: what this finds is a cell that waits.
    assert solution(lesson).seconds <= 24


# What the text after a guess says; where a number is measured, tests/notebooks/test_figures.py.
REVEALED = {
    "02-the-loop": ["an error", "the cell"],
    "04-first-token": [
        "after a tenth of it",
        "takes the same time",
        "in turns, again and again",
    ],
    "09-waiting-well": ["it is stopped where it waits", "cook 2", "yes"],
    "10-real-work": ["our own program"],
    "appendix-the-patch": ["once"],
}


# The least and the most that may be measured, on a machine of any load, for the text to be true.
MEASURED = {
    "02-the-loop": [(0.6, inf)],
    "07-honest-numbers": [(0, 0.99), (10, 40), (11, 18)],
    "10-real-work": [(14, 14), (0.8, inf), (1, 5)],
    "appendix-more-honest-numbers": [(10, 20)],
}


@pytest.mark.parametrize(
    "lesson", [slow(each) for each in LESSONS if each.name in REVEALED], ids=str
)
def test_what_came_out_is_what_the_text_goes_on_from(lesson: Lesson) -> None:
    found = re.findall(r"It was: (.*?)\. \(You made", solution(lesson).stdout)

    assert found == REVEALED[lesson.name]


@pytest.mark.parametrize(
    "lesson", [slow(each) for each in LESSONS if each.name in MEASURED], ids=str
)
def test_what_was_measured_is_what_the_text_goes_on_from(lesson: Lesson) -> None:
    found = [float(each) for each in re.findall(r"Measured: ([\d.]+) ", solution(lesson).stdout)]

    assert len(found) == len(MEASURED[lesson.name])
    for number, (least, most) in zip(found, MEASURED[lesson.name], strict=True):
        assert least <= number <= most


# What a cell prints, in the words that the text goes on from.
PRINTED = {
    "09-waiting-well": [
        "stopped where it waits / cleaned up / TimeoutError",
        "['cook 2', 'cook 4', 'cook 3', 'cook 1']",
        "3\n2\n1\nthe countdown is cleaned up",
    ],
    "10-real-work": [
        "20 of 20, 24 calls",
        'get_weather {"city": "Paris"}',
        "There is no key here, so nothing was sent",
    ],
}


@pytest.mark.parametrize(
    "lesson", [slow(each) for each in LESSONS if each.name in PRINTED], ids=str
)
def test_what_cells_print_is_what_the_text_goes_on_from(lesson: Lesson) -> None:
    for line in PRINTED[lesson.name]:
        assert line in solution(lesson).stdout


@pytest.mark.slow
def test_lesson_7s_first_call_takes_longest() -> None:
    lesson = next(each for each in LESSONS if each.number == "07")
    shown = [data["text/plain"] for each in solution(lesson).answers for data in each.shown]
    (milliseconds,) = [json.loads(text) for text in shown if re.fullmatch(r"\[[\d, ]+\]", text)]

    assert len(milliseconds) == 5
    assert milliseconds[0] == max(milliseconds)


@pytest.mark.slow
def test_lesson_6s_picture_shows_who_held_the_loop() -> None:
    lesson = next(each for each in LESSONS if each.number == "06")

    pages = [
        data["text/html"]
        for each in solution(lesson).answers
        for data in each.shown
        if "text/html" in data
    ]

    assert any("shows the event loop held by save_notes() for" in page for page in pages)
    assert sum("srcdoc=" in page for page in pages) == 2
