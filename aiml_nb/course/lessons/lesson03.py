"""Lesson 3, How many at once: checks, hints and questions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...analysis import diagnose, peak_in_flight
from ...records import Run
from ..engine.exercises import Exercise, of_kind, require, show
from ..engine.expect import (
    call_async,
    expect_asked,
    expect_function,
    expect_list,
    require_new,
)
from ..engine.fake_model import FakeModel
from ..engine.questions import Question
from . import pace_exercise

# The concurrency limit of the scenario `seven`.
_SEVEN = 7


# Limit and seconds of each call; once there are fewer questions than tickets.
_LIMITS = (
    (3, [0.6, 0.2, 0.4, 0.3] * 2 + [0.5]),
    (2, [0.4, 0.2, 0.3] * 3),
    (1, [0.2, 0.1]),
    (8, [0.3, 0.1, 0.2]),
    (25, [0.4, 0.1, 0.7, 0.2, 0.3] * 12),
)


def check_ask_all(answer: object) -> str:
    """Check that a limit is kept and used, with several limits and uneven calls."""
    ask_all = expect_function(answer, "ask_all")
    for limit, durations in _LIMITS:
        _try_limit(ask_all, limit, durations)
    return "Never more in flight than the limit, never fewer while one waits."


def _try_limit(ask_all: Callable[..., Any], limit: int, durations: list[float]) -> None:
    model = FakeModel(durations)
    questions = [f"question {number}" for number in range(1, len(durations) + 1)]
    found = call_async(ask_all, model.ask, list(questions), limit, virtual_time=True)
    asked = f"With {len(questions)} questions and a limit of {limit}"
    expect_asked(model, questions, f"{asked}, ")
    _check_peak(model.peak_in_flight, limit, min(limit, len(questions)), asked)
    expected = [model.answer_to(question) for question in questions]
    _compare_answers(expect_list(found, "the answers"), expected)
    # All questions were there from the beginning, and those not asked yet were waiting.
    waited = [replace(call, submitted=0.0) for call in model.calls]
    idle = diagnose(replace(model.run, calls=waited, max_concurrency=limit)) is not None
    require(
        not idle and math.isclose(model.run.makespan, _makespan(durations, limit)),
        f"{asked}, slots stood empty while questions waited. A group waits for its slowest call "
        "(this trap comes up below), a list that is dealt out beforehand for the slowest of its "
        "lists, and a pause within a slot keeps it. Gather all questions at once, each with a "
        "ticket.",
    )


def _check_peak(peak: int, limit: int, wanted: int, asked: str) -> None:
    require(
        peak <= limit,
        f"{asked}, {peak} were in flight at once. All must take their tickets from the same "
        "semaphore: make it once, before the calls, and put  async with  around each await ask.",
    )
    require(
        peak > 1 or wanted == 1,
        f"{asked}, only one was ever in flight: each call is awaited before the next one starts. "
        "Start them all with asyncio.gather, and let the semaphore hold them back.",
    )
    require(
        peak == wanted,
        f"{asked}, at most {peak} were in flight. Make a semaphore of your own inside ask_all, "
        "with `limit` tickets: the one in the cell above has two.",
    )


def _makespan(durations: list[float], limit: int) -> float:
    """Return how long the calls take if each takes the slot that is free first."""
    free = [0.0] * limit
    for duration in durations:
        free[free.index(min(free))] += duration
    return max(free)


def _compare_answers(answers: list[Any], expected: list[str]) -> None:
    require_new(answers, expected)
    require(
        len(answers) == len(expected),
        f"{len(expected)} questions got {len(answers)} answers. Every question needs one.",
    )
    require(
        sorted(map(str, answers)) == sorted(expected),
        f"these are not the answers that ask gave: the first is {show(answers[0])}. Return what "
        "ask gives once it is awaited.",
    )
    require(
        answers == expected,
        "the answers are there, but not in the order of the questions. asyncio.gather returns "
        "them in that order, whichever is finished first.",
    )


def check_seven(answer: object) -> str:
    """Check that no call got a 429 and that the server's slots were used."""
    run = of_kind(answer, Run, "the run: what nb.run(…) returns")
    statuses = [attempt.status for call in run.calls for attempt in call.attempts]
    refused = statuses.count(429)
    peak = peak_in_flight(run)
    require(
        not refused,
        f"turned away (status 429): {refused} of {len(statuses)} attempts, in "
        f"{run.makespan:.1f} s. Choose a smaller limit.",
    )
    require(
        peak >= _SEVEN,
        f"nobody was turned away, but only {peak} were in flight, {run.makespan:.1f} s in all. "
        "The server takes more. Choose a larger limit.",
    )
    require(
        peak == _SEVEN,
        f"{peak} were in flight and nobody was turned away: that was another server. Leave "
        'connect_to("seven") as it is.',
    )
    require(
        len(run.calls) > _SEVEN, f"the run has only {len(run.calls)} questions. Ask all of them."
    )
    require(
        diagnose(run) is None,
        "the limit is right, but slots stood empty. Leave the strategy as it is.",
    )
    return f"{peak} in flight, nobody turned away, {run.makespan:.1f} s."


EXERCISES: dict[str, Exercise] = {
    "3.2": Exercise(
        check_ask_all,
        hints=(
            "Two pieces you have seen: asyncio.gather starts all, and a semaphore holds back.",
            "Make one semaphore with `limit` tickets. Inside ask_all, write a small async function "
            "for a single question, with  async with slots:  around its call of ask.",
            "ask_in_slot(question) takes a ticket and returns await ask(question); ask_all returns "
            "await asyncio.gather(*(ask_in_slot(question) for question in questions)).",
        ),
    ),
    "3.3": pace_exercise.EXERCISE,
    "3.6": Exercise(
        check_seven,
        hints=(
            "Try one, look at what check says, and try another.",
            "The server's name says how many calls it takes.",
            "limit = 7",
        ),
    ),
}

QUESTIONS: dict[str, Question] = {
    "3.7": Question(
        "A call takes 2 s on average, and you want 10 answers a second. How many in flight?",
        {
            "5": "Divided instead of multiplied. With 5 in flight, each for 2 s, 2.5 answers come "
            "in a second.",
            "10": "With 10 in flight, each for 2 s, only 5 answers come in a second.",
            "20": "10 answers a second × 2 s each = 20 in flight.",
            "as many as possible": "More than 20 do not come faster if 10 a second is what you "
            "want, and too many may be turned away.",
        },
        right="20",
    ),
    "3.8": Question(
        "Lesson 2 again: in  async with slots:  somebody writes  return ask(question)  without "
        "await. What becomes of the limit?",
        {
            "It holds: gather awaits everything": "gather awaits the function with the slot. What "
            "that one returns, a coroutine, is awaited by nobody.",
            "It holds nobody back: each slot is given back at once": "The call is only prepared in "
            "there. Whoever awaits it does so when the slot is free again.",
            "Python refuses such a program": "It runs, and in the end a warning says 'never "
            "awaited'.",
        },
        right="It holds nobody back: each slot is given back at once",
    ),
}
