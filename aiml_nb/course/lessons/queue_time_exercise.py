"""Exercise 7.8: the wait for a slot and the call itself, each measured on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...records import Call
from ..engine.exercises import Exercise, NotYet, require
from ..engine.expect import (
    call_async,
    expect_asked,
    expect_function,
    expect_list,
    expect_number,
    few,
    judge_twice,
)
from ..engine.fake_model import FakeModel

# Seconds; less than a wait or a call that is left out or counted twice.
TOLERANCE = 0.1
DURATIONS = (0.3, 0.15, 0.3, 0.15)
CASES = ((1, 3), (2, 4), (4, 4))


def check_measure(measure: object) -> str:
    """Try limits of one, of two, and of as many as there are questions."""
    function = expect_function(measure, "measure")
    for limit, number in CASES:
        judge_twice(_judge, function, limit, number)
    return "The wait for a slot, and the call itself: each is counted once."


def _judge(function: Callable[..., Any], limit: int, number: int) -> None:
    model = FakeModel(DURATIONS)
    questions = [f"question {n}" for n in range(1, number + 1)]
    found = call_async(function, model.ask, questions, limit)
    _require_calls(model, questions, limit)
    pairs = expect_list(found, "a pair for each question")
    require(len(pairs) == number, f"it gave {len(pairs)} pairs for {number} questions. One each.")
    begin = min(call.started or 0.0 for call in model.calls)
    for question, pair in zip(questions, pairs, strict=True):
        call = next(call for call in model.calls if call.prompt == question)
        waited = (call.started or 0.0) - begin
        _require_pair(pair, waited, call, f"at most {limit} in flight, {question}")


def _require_calls(model: FakeModel, questions: list[str], limit: int) -> None:
    expect_asked(model, questions)
    require(
        model.peak_in_flight <= limit,
        f"{model.peak_in_flight} calls were in flight at once, and the limit is {limit}. Ask "
        "inside  async with slots.",
    )
    require(
        model.peak_in_flight == min(limit, len(questions)),
        f"only {model.peak_in_flight} calls were in flight at once, and {limit} are allowed.",
    )


def _require_pair(pair: Any, waited: float, call: Call, case: str) -> None:
    wanted = "a pair of seconds for each question, queue time and duration"
    seconds = [expect_number(each, wanted) for each in expect_list(pair, wanted)]
    require(len(seconds) == 2, f"for one question it gave {few(seconds)}. Wanted is {wanted}.")
    given, lasted = (seconds[0], seconds[1]), call.duration or 0.0
    said = f"{case}: you say it queued for {given[0]:.2f} s and took {given[1]:.2f} s"
    if _is_near(given, (waited, lasted)):
        return
    require(
        not _is_near((given[0] / 1000, given[1] / 1000), (waited, lasted)),
        f"{said}. Those are milliseconds; wanted are seconds.",
    )
    for wrong, why in _mistakes(waited, lasted):
        require(not _is_near(given, wrong), f"{said}. {why}")
    raise NotYet(
        f"{said}; it queued for {waited:.2f} s, and took {lasted:.2f} s. Read the watch when the "
        "slot is free, and when the answer is there."
    )


def _is_near(pair: tuple[float, float], other: tuple[float, float]) -> bool:
    return max(abs(pair[0] - other[0]), abs(pair[1] - other[1])) < TOLERANCE


def _mistakes(waited: float, lasted: float) -> list[tuple[tuple[float, float], str]]:
    total = waited + lasted
    return [
        ((lasted, waited), "The two are the wrong way round: first the queue time."),
        (
            (0.0, total),
            "The wait for a slot is in the duration. Read the watch again inside "
            "async with slots, before you ask.",
        ),
        ((waited, total), "The duration begins when the call is sent, not at begin."),
        (
            (total, lasted),
            "The queue time ends when the slot is free, not when the answer is there.",
        ),
        (
            (waited, 0.0),
            "The watch was read before the answer was there. (Or it is no watch: process_time() "
            "stands still while you wait.)",
        ),
        ((waited, waited), "The duration is finished - started."),
    ]


EXERCISE = Exercise(
    check_measure,
    hints=(
        "There are three moments: begin, when a slot is free, and when the answer is there.",
        "Read the watch twice inside  async with slots:  before  await ask(question), and after.",
        "started and finished are the two readings: return started - begin, finished - started.",
    ),
)
