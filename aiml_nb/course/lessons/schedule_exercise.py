"""The exercise on a schedule: when each question is sent, and from when its wait counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from ..engine.digits import show_number
from ..engine.exercises import require
from ..engine.expect import (
    expect_asked,
    expect_function,
    expect_list,
    expect_number,
    judge_twice,
)
from ..engine.fake_model import FakeModel
from ..engine.loop_lag import run_measuring_lag

# Seconds; more than a busy machine adds to a wait, less than a wrong reference time does.
TOLERANCE = 0.2
GAP, STUCK = 0.08, 0.5
QUESTIONS = [f"question {number}" for number in range(1, 7)]
DUE = [number * GAP for number in range(len(QUESTIONS))]


def check_on_schedule(on_schedule: object) -> str:
    """Use a server that gets stuck, and then a program that does, and check sending and waits."""
    function = expect_function(on_schedule, "on_schedule")
    waits = judge_twice(_try_schedule, function)
    judge_twice(_try_held_up, function)
    return f"Six questions on time, and {sum(wait > 0.2 for wait in waits)} of them had to wait."


def _try_schedule(function: Callable[..., Any]) -> list[float]:
    durations = [STUCK if number == 3 else 0.01 for number in range(1, len(QUESTIONS) + 1)]
    server = FakeModel(durations, one_at_a_time=True)
    (found,), lag = run_measuring_lag(partial(function, server.ask, list(QUESTIONS), GAP))
    require(
        lag < STUCK / 2,
        f"the loop was {lag:.2f} s late: something keeps it to itself, so that nobody else can "
        "send or receive. Which sleep lets go?",
    )
    waits = _expect_waits(found, server)
    sent = {call.prompt: call.started or 0.0 for call in server.calls}
    _check_sending([sent[question] for question in QUESTIONS], DUE)
    answered = {call.prompt: call.finished or 0.0 for call in server.calls}
    _check_waits(waits, [answered[q] - due for q, due in zip(QUESTIONS, DUE, strict=True)])
    return waits


def _try_held_up(function: Callable[..., Any]) -> None:
    """Hold the loop while questions are due, so that they are sent late."""
    server = FakeModel([0.01])

    async def hold_up() -> None:
        await asyncio.sleep(2.5 * GAP)
        time.sleep(STUCK)  # noqa: ASYNC251  this is what holds it up

    (found, _), _ = run_measuring_lag(partial(function, server.ask, list(QUESTIONS), GAP), hold_up)
    waits = _expect_waits(found, server)
    sent, due, wait = server.calls[3].started or 0.0, DUE[3], waits[3]
    require(
        wait > sent - due - TOLERANCE,
        f"the program was held up, so question 4, which was due after {due:.2f} s, was sent after "
        f"{sent:.2f} s. You say it waited {wait:.2f} s: you measure from when it was sent. Whoever "
        "asked it waits from when it was due.",
    )


def _expect_waits(found: object, server: FakeModel) -> list[float]:
    waits = expect_list(found, "one wait for each question")
    expect_asked(server, list(QUESTIONS))
    require(
        len(waits) == len(QUESTIONS),
        f"it gave {len(waits)} waits for {len(QUESTIONS)} questions. One for each is wanted.",
    )
    wanted = "a number of seconds for each question, from ask_one"
    return [expect_number(wait, wanted) for wait in waits]


def _check_sending(sent: list[float], due: list[float]) -> None:
    require(
        sent[-1] > due[-1] - GAP / 2,
        f"question 6 was sent after {sent[-1]:.2f} s, and was due after {due[-1]:.2f} s. Each has "
        "to wait until it is due: sleep first, for number * gap seconds.",
    )
    early = min(at - when for at, when in zip(sent, due, strict=True))
    require(
        early < 0.9 * GAP,
        f"every question was sent {early:.2f} s after it was due. The first is due at once: number "
        "counts from 0.",
    )
    late = max(at - when for at, when in zip(sent, due, strict=True))
    require(
        late < STUCK / 2,
        f"a question was sent {late:.2f} s too late, because it waited for the answer to the one "
        "before. The schedule does not wait for the server.",
    )


def _check_waits(waits: list[float], truth: list[float]) -> None:
    excess = [wait - right for wait, right in zip(waits, truth, strict=True)]
    require(
        min(waits) > -TOLERANCE,
        f"a wait of {show_number(min(waits))} s is no wait. Take the time on the clock after the "
        "answer, and subtract the time on the same clock at which the question was due.",
    )
    require(
        max(excess) < TOLERANCE,
        f"the last question waited {truth[-1]:.2f} s, and you say {waits[-1]:.2f} s: the time "
        "before it was due is in it. Measure from when it was due.",
    )
    require(
        min(excess) > -TOLERANCE,
        f"question 3 was stuck for {STUCK} s, and you say it waited {waits[2]:.2f} s. Look at the "
        "clock after ask has answered.",
    )
