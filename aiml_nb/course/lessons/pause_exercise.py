"""Lesson 6's exercise on a pause: when each question is asked, and whether the loop is free."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from ..engine.exercises import Exercise, require, show
from ..engine.expect import expect_function, judge_twice
from ..engine.fake_model import FakeModel
from ..engine.loop_lag import run_measuring_lag
from ..engine.prepared import is_unawaited

PAUSE = 0.2
# Seconds: timers that ring at once, before and after a pause of 0.2 s, however late the loop is.
AT_ONCE, TOO_EARLY, TOO_LATE = 0.03, 0.18, 0.29
# Seconds of lag; more than a busy machine causes, less than blocking code causes.
MAX_LAG = 0.3


def check_pause(ask_after_a_pause: object) -> str:
    """Run three pauses at once, and check when each question was asked."""
    function = expect_function(ask_after_a_pause, "ask_after_a_pause")
    judge_twice(_try_pauses, function)
    return "Three pauses at once, and the loop was never late."


def _try_pauses(function: Callable[..., Any]) -> None:
    model, questions = FakeModel([0.1]), ["one", "two", "three"]
    asked: dict[float, int] = {}
    ended: dict[float, int] = {}
    answered: list[Any] = []

    async def look(after: float) -> None:
        await asyncio.sleep(after)
        asked[after], ended[after] = len(model.calls), len(answered)

    def begin(question: str) -> Any:
        found = function(model.ask, question)
        return _note(found, answered) if inspect.isawaitable(found) else found

    # In this order, so that the loop sets the first timers before and the last after the pauses.
    looks = [partial(look, after) for after in (AT_ONCE, TOO_EARLY, TOO_LATE)]
    pauses = [partial(begin, question) for question in questions]
    try:
        (_, _, *answers, _), lag = run_measuring_lag(*looks[:2], *pauses, looks[2])
    except TypeError as error:
        require("'await' expression" not in str(error), _NOTHING_TO_AWAIT)
        require("not callable" not in str(error), CALLED_TOO_EARLY)
        raise
    finally:
        prepared = model.discard_prepared()
    require(
        lag < MAX_LAG,
        f"the loop was {lag:.2f} s late: while you pause, nobody else gets a turn. time.sleep "
        "keeps the loop to itself. Which sleep lets go of it?",
    )
    require(prepared, "ask was never called.")
    require(
        model.calls,
        "the question was prepared but not asked: what ask(question) gives was never awaited.",
    )
    _check_pause_first(asked, ended[TOO_EARLY])
    _check_overlap(asked[TOO_LATE], len(questions))
    require_answers(answers, questions)


async def _note(answer: Awaitable[Any], answered: list[Any]) -> Any:
    found = await answer
    answered.append(found)
    return found


def _check_pause_first(asked: dict[float, int], ended: int) -> None:
    require(
        not asked[AT_ONCE] or ended,
        "the question was asked at once, and the pause came beside it or after it. The service "
        "wants the pause first: await it before the line that asks.",
    )
    require(
        not asked[AT_ONCE],
        "the question was asked without a pause, or after one that is far too short: await "
        f"{PAUSE} s before you ask. (asyncio.sleep alone only prepares a pause.)",
    )
    require(
        not asked[TOO_EARLY],
        f"a question was asked before {PAUSE} s had passed: the pause is too short.",
    )


def _check_overlap(in_time: int, number: int) -> None:
    require(
        in_time == number or not in_time,
        "three pauses took turns instead of running at the same time. What do they wait for?",
    )
    require(
        in_time == number, f"no question was asked for {TOO_LATE} s. The pause is {PAUSE} s long."
    )


def require_answers(answers: Any, questions: list[str]) -> None:
    """Require each question's answer, in order.

    Parameters
    ----------
    answers
        What the learner's function gave.
    questions
        What it was given.

    Raises
    ------
    NotYet
        If one is missing, or another's.
    """
    wanted = [FakeModel.answer_to(question) for question in questions]
    for given, right in zip(answers, wanted, strict=False):
        require(not is_unawaited(given), "an answer is still a task or a coroutine: await it.")
        require(given is not None, "it gave None for an answer: no return with a value.")
        require(given == right, f"it gave {show(given)} where ask had answered {right!r}.")
    require(
        len(answers) == len(wanted), f"it gave {len(answers)} answers to {len(wanted)} questions."
    )


CALLED_TOO_EARLY = (
    "asyncio.to_thread got the result of a function where it wants the function: with brackets you "
    "call it yourself, here in the loop. Give function and argument, with a comma between them."
)
_NOTHING_TO_AWAIT = (
    "something was awaited that cannot be. time.sleep(0.2) gives None, and has kept the loop to "
    "itself already when it does. Which sleep can be awaited?"
)

EXERCISE = Exercise(
    check_pause,
    hints=(
        "There are two functions called sleep. One keeps the loop, the other lets go of it.",
        "Both the pause and the question take time: each needs an await.",
        "await asyncio.sleep(0.2), and then return await ask(question).",
    ),
)
