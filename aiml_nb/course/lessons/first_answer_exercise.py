"""Exercise 9.6: the first good answer of several servers, and no call left on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ..engine.exercises import Exercise, NotYet, require
from ..engine.expect import expect_function
from ..engine.prepared import Prepared, is_unawaited
from ..engine.watched_task import Ending, watch_task

QUESTION = "Why?"


class _Servers:
    """Servers that answer, or fail, after given seconds; a negative number is a failure."""

    def __init__(self, seconds: Sequence[float]) -> None:
        self.seconds = seconds
        self.asked: list[int] = []
        self.cancelled: list[int] = []
        self.done: list[int] = []
        self.begun_before_any_end = 0
        self.prepared = Prepared()

    @property
    def asks(self) -> list[Any]:
        return [self._make(number) for number in range(len(self.seconds))]

    def answer(self, number: int) -> str:
        return f"server {number + 1} says: because"

    def _make(self, number: int) -> Any:
        async def answer() -> str:
            self.asked.append(number)
            self.begun_before_any_end += not self.done
            try:
                await asyncio.sleep(abs(self.seconds[number]))
            except asyncio.CancelledError:
                self.cancelled.append(number)
                raise
            self.done.append(number)
            if self.seconds[number] < 0:
                raise ConnectionError(f"server {number + 1} is down (simulated)")
            return self.answer(number)

        return lambda question: self.prepared.keep(answer(), "ask")


# The seconds of each server, and which one gives the first good answer.
_CASES: tuple[tuple[tuple[float, ...], int | None], ...] = (
    ((0.9, 0.1, 1.0), 1),
    ((-0.05, 0.9, 0.2), 2),
    ((0.05, -0.9), 0),
    ((-0.1, -0.05), None),
    ((0.05,), 0),
)


def check_first_answer(first_answer: object) -> str:
    """Try servers that are quick, slow and down."""
    function = expect_function(first_answer, "first_answer")
    for seconds, best in _CASES:
        servers = _Servers(seconds)
        ending = watch_task(
            lambda: function(servers.asks, QUESTION),  # noqa: B023
            servers.prepared,
        )
        case = f"with {_describe(seconds)}"
        _require_all_asked(servers, case)
        _require_answer(ending, servers, best, case)
        _require_nobody_left(ending, case)
    return "The first good answer counts, and nobody is left on the way."


def _describe(seconds: Sequence[float]) -> str:
    each = (f"{'an error' if s < 0 else 'an answer'} after {abs(s):g} s" for s in seconds)
    return ", ".join(each)


def _require_all_asked(servers: _Servers, case: str) -> None:
    number = len(servers.seconds)
    require(
        len(servers.asked) <= number,
        f"{case}: {len(servers.asked)} calls were made to {number} servers.",
    )
    require(
        servers.begun_before_any_end == number,
        f"{case}: only {servers.begun_before_any_end} of {number} were asked at once. Ask all, and "
        "then wait for the first.",
    )


def _require_answer(ending: Ending, servers: _Servers, best: int | None, case: str) -> None:
    if isinstance(ending.error, OSError):
        raise NotYet(
            f"{case}: an error came out of your function. A server that is down is no answer: "
            "catch OSError around the await, and wait for the others."
        )
    if isinstance(ending.error, BaseException):
        raise ending.error
    value = ending.value
    require(not is_unawaited(value), f"{case}: it returned a task, and not its answer. Await it.")
    if best is None:
        require(value is None, f"{case}: all fail, and it returned {value!r:.60}, not None.")
        return
    require(value is not None, f"{case}: it returned None, although there is an answer.")
    require(
        value == servers.answer(best),
        f"{case}: it returned {value!r:.60}, and server {best + 1} was the first with an answer.",
    )
    first = servers.seconds[best]
    require(
        not ending.is_later_than(first),
        f"{case}: there was a good answer after {first:g} s, and it returned after "
        f"{ending.took:g} s. Return as soon as there is one.",
    )


def _require_nobody_left(ending: Ending, case: str) -> None:
    require(
        not ending.left,
        f"{case}: {ending.left} of the calls went on after the answer was there. Cancel their "
        "tasks, in finally.",
    )


EXERCISE = Exercise(
    check_first_answer,
    hints=(
        "asyncio.as_completed(tasks) gives them in the order in which they are ready. The first "
        "may be one that failed.",
        "In the loop:  try: return await task  and  except OSError: pass. Behind the loop: None.",
        "Put all of it into try: …  finally: for task in tasks: task.cancel(). A task that is done "
        "does not mind.",
    ),
)
