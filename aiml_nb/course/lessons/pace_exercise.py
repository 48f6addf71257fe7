"""Exercise 3.3: how many calls must be in flight for a pace."""

from __future__ import annotations

import math

from ...records import Run
from ..engine.digits import show_number
from ..engine.exercises import Exercise, NotYet
from ..engine.expect import call_plain, expect_function, expect_number
from ..engine.practice_run import answered_run


def check_in_flight_needed(given: object) -> str:
    """Check that Little's law is used, on runs whose mean, median and makespan differ."""
    function = expect_function(given, "in_flight_needed")
    for durations, rate in (
        ([1.0, 2.0, 6.0, 3.0], 120),
        ([0.5, 1.0, 2.0], 90),
        ([0.5, 1.0, 2.0], 125),
    ):
        run = _staggered(durations)
        number = expect_number(call_plain(function, run, rate), "a number of calls")
        mean = sum(durations) / len(durations)
        _judge_pace(number, durations, rate, rate / 60 * mean, run.makespan)
    return "The pace times the mean duration: that many calls must be in flight."


def _judge_pace(
    answer: float, durations: list[float], rate: int, right: float, makespan: float
) -> None:
    mean, middle = sum(durations) / len(durations), sorted(durations)[len(durations) // 2]
    if _is_close(answer, right) or answer == math.ceil(right):
        return
    case = f"With {rate} answers a minute and calls of {mean:g} s on average, you say "
    case += f"{show_number(answer)}."
    mistakes = {
        math.floor(right) + 1: "Rounded up, a whole number stays as it is.",
        math.floor(right): "Rounded down, that is too few. Keep the fraction, or round up.",
        rate * mean: "Durations are in seconds, and the pace is given for a minute of 60.",
        rate / 60: "That is the pace in a second. Each call stays in flight for a while, too.",
        sum(durations) / makespan: "That is what this run had in flight. The pace is not in it.",
        rate / 3600 * mean: "You divided by 60 twice. Durations are in seconds already.",
        rate / 60 / mean: "Little's law multiplies: slower calls need more in flight, not fewer.",
        60 / mean: "That is what one slot answers in a minute. The pace is not in it.",
        rate / 60 * makespan: "You took the makespan. What counts is how long one call takes.",
        rate / 60 * sum(durations): "You took all durations together. Divide by their number.",
        rate / 60 * max(durations): "You took the longest call. The law is about the mean.",
        rate / 60 * middle: "You took the median. The law is about the mean.",
    }
    for wrong, why in mistakes.items():
        if _is_close(answer, wrong):
            raise NotYet(f"{case} {why}")
    raise NotYet(f"{case} The law: calls in flight = answers per second × seconds of each call.")


def _is_close(answer: float, other: float) -> bool:
    return math.isclose(answer, other, rel_tol=0.01)


def _staggered(durations: list[float]) -> Run:
    """Make a run of calls that start half a second apart."""
    starts = [index / 2 for index in range(len(durations))]
    pairs = enumerate(zip(starts, durations, strict=True), start=1)
    return answered_run({f"question {i}": (start, start + taken) for i, (start, taken) in pairs})


EXERCISE = Exercise(
    check_in_flight_needed,
    hints=(
        "First the units: how many answers a second are so many answers a minute?",
        "Then how long does a call take on average? Add the durations up, and divide by how "
        "many there are.",
        "Multiply the two: answers_per_minute / 60 * sum(durations) / len(durations).",
    ),
)
