"""Lesson 6, Do not block the loop: checks, hints and questions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from ..engine.exercises import Exercise, require, show
from ..engine.expect import expect_function, expect_list, judge_twice
from ..engine.fake_model import FakeModel
from ..engine.loop_lag import run_measuring_lag
from ..engine.prepared import discard_coroutine, is_unawaited
from ..engine.questions import Question
from .lag_exercise import check_lag_beside

PAUSE = 0.2
# Seconds: timers that ring before and after a pause of 0.2 s, however late the loop is.
TOO_EARLY, TOO_LATE = 0.18, 0.29
# Seconds of lag; more than a busy machine causes, less than blocking code causes.
MAX_LAG = 0.3
# Seconds of each call; the second case is larger than the groups or pools that one might write.
_CASES = (
    {"a long one": 0.4, "a short one": 0.2, "a middling one": 0.3},
    {f"question {number}": 0.2 - number / 100 for number in range(12)},
)


def check_pause(ask_after_a_pause: object) -> str:
    """Run three pauses at once, and check when each question was asked."""
    function = expect_function(ask_after_a_pause, "ask_after_a_pause")
    judge_twice(_try_pauses, function)
    return "Three pauses at once, and the loop was never late."


def _try_pauses(function: Callable[..., Any]) -> None:
    model, questions = FakeModel([0.1]), ["one", "two", "three"]
    asked: dict[float, int] = {}

    async def look(after: float) -> None:
        await asyncio.sleep(after)
        asked[after] = len(model.calls)

    pauses = [partial(function, model.ask, question) for question in questions]
    try:
        # In this order, so that the loop sets the first timer before and the last after the pauses.
        (_, *answers, _), lag = run_measuring_lag(
            partial(look, TOO_EARLY), *pauses, partial(look, TOO_LATE)
        )
    except TypeError as error:
        require("'await' expression" not in str(error), _NOTHING_TO_AWAIT)
        require("not callable" not in str(error), _CALLED_TOO_EARLY)
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
    _check_times(asked[TOO_EARLY], asked[TOO_LATE], len(questions))
    _require_answers(answers, questions)


def _check_times(early: int, in_time: int, number: int) -> None:
    require(
        not early,
        f"a question was asked before {PAUSE} s had passed. asyncio.sleep alone only prepares a "
        f"pause: await it, for {PAUSE} s, before you ask.",
    )
    require(
        in_time == number or not in_time,
        "three pauses took turns instead of running at the same time. What do they wait for?",
    )
    require(
        in_time == number, f"no question was asked for {TOO_LATE} s. The pause is {PAUSE} s long."
    )


def check_ask_all(ask_all: object) -> str:
    """Pass a function that blocks, and check that all calls overlap and the loop is free."""
    function = expect_function(ask_all, "ask_all")
    for durations in _CASES:
        judge_twice(_try_blocking, function, durations)
    return "All were asked at once, by a function that blocks, and the loop was free."


def _try_blocking(function: Callable[..., Any], durations: dict[str, float]) -> None:
    questions, model = list(durations), FakeModel(durations, together=len(durations))
    try:
        (found,), lag = run_measuring_lag(partial(_with_threads, function, model, questions))
    except TypeError as error:
        require("not callable" not in str(error), _CALLED_TOO_EARLY)
        require("awaitable is required" not in str(error), _NOT_ASYNC)
        raise
    for each in found if isinstance(found, list | tuple) else ():
        discard_coroutine(each)
    if durations is _CASES[0]:
        model.show_timeline()
    asked = [call.prompt for call in model.calls]
    require(
        asked,
        "ask was never called. If you wrote asyncio.to_thread: it only prepares the work. What "
        "awaits it?",
    )
    require(
        all(isinstance(question, str) for question in asked),
        f"ask was called with {show(asked[0])}. It takes one question at a time.",
    )
    require(
        lag < MAX_LAG,
        f"the loop was {lag:.2f} s late: ask was called in the loop itself, which stood still for "
        "as long. Let a thread call it: asyncio.to_thread.",
    )
    _check_overlap(model.peak_in_flight, asked, questions)
    answers = expect_list(found, "the answers")
    wanted = [model.answer_to(question) for question in questions]
    require(
        answers == wanted or sorted(map(str, answers)) != sorted(wanted),
        "all answers are there, but in the order in which they were ready. asyncio.gather gives "
        "them in the order in which the calls are written.",
    )
    _require_answers(answers, questions)


async def _with_threads(
    function: Callable[..., Any], model: FakeModel, questions: list[str]
) -> Any:
    # As on a machine with many processors: here asyncio.to_thread has few threads perhaps.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(32))
    result = function(model.ask_blocking, list(questions))
    require(asyncio.iscoroutine(result), _PLAIN)
    return await result


def _check_overlap(peak: int, asked: list[str], questions: list[str]) -> None:
    require(
        sorted(asked) == sorted(questions),
        f"asked were {asked}; the questions given are {questions}. Ask each of them once.",
    )
    require(
        peak > 1,
        "the loop was free, but only one question was asked at a time: each was awaited before "
        "the next one began. Start all of them, and await them together.",
    )
    require(
        peak == len(questions),
        f"at most {peak} of {len(questions)} questions were in flight. Start all of them before "
        "you await any, and give each a thread.",
    )


def _require_answers(answers: Any, questions: list[str]) -> None:
    wanted = [FakeModel.answer_to(question) for question in questions]
    for given, right in zip(answers, wanted, strict=False):
        require(not is_unawaited(given), "an answer is still a task or a coroutine: await it.")
        require(given is not None, "it gave None for an answer: no return with a value.")
        require(given == right, f"it gave {show(given)} where ask had answered {right!r}.")
    require(
        len(answers) == len(wanted), f"it gave {len(answers)} answers to {len(wanted)} questions."
    )


_CALLED_TOO_EARLY = (
    "asyncio.to_thread got the result of a function where it wants the function: with brackets you "
    "call it yourself, here in the loop. Give function and argument, with a comma between them."
)
_NOTHING_TO_AWAIT = (
    "something was awaited that cannot be. time.sleep(0.2) gives None, and has kept the loop to "
    "itself already when it does. Which sleep can be awaited?"
)
_NOT_ASYNC = (
    "asyncio.gather got an answer where it wants something to await: ask is a plain function, and "
    "each call of it keeps the loop until it is answered. Let asyncio.to_thread call it."
)
_PLAIN = "the function gave its result without being awaited. Begin it with  async def."

EXERCISES = {
    "6.3": Exercise(
        check_pause,
        hints=(
            "There are two functions called sleep. One keeps the loop, the other lets go of it.",
            "Both the pause and the question take time: each needs an await.",
            "await asyncio.sleep(0.2), and then return await ask(question).",
        ),
    ),
    "6.5": Exercise(
        check_ask_all,
        hints=(
            "A function that blocks must not be called in the loop. Who else can call it?",
            "asyncio.to_thread(ask, question) is one call, on its way. You want one for each "
            "question, all of them begun before you await the first.",
            "return await asyncio.gather(*(asyncio.to_thread(ask, question) for question in "
            "questions)).",
        ),
    ),
    "6.8": Exercise(
        check_lag_beside,
        hints=(
            "The lag is measured while a run goes on. So run and suspect must be under way "
            "together, as in the cell with save_notes.",
            "asyncio.gather takes nb.run_async(questions, slow) and suspect(), and gives the run "
            "first.",
            "run, _ = await asyncio.gather(nb.run_async(questions, slow), suspect()), and then "
            "return run.loop_lag_max.",
        ),
    ),
}

QUESTIONS = {
    "6.2": Question(
        "All eight bars in the picture are about 0.6 s long. What took so long?",
        {
            "The model: it wrote its answers more slowly": "The server did not know about the "
            "notes. It sent the same answers in the same times as before.",
            "The network: the answers were on their way": "They had arrived. But they were not "
            "read, and the end of a call is when it has been read.",
            "This program: it did not look at the answers that had come": "While time.sleep runs, "
            "the loop cannot read. What the clock sees is the time until somebody looks.",
        },
        right="This program: it did not look at the answers that had come",
    ),
    "6.7": Question(
        "A web page of yours calls a model with the blocking client, from inside an async def. "
        "Ten people open it at once. What do they see?",
        {
            "The tenth waits about ten times as long as the first": "The calls go one after "
            "another, and meanwhile the page does not even answer those who only want to look.",
            "All get their answers after about the same time": "They would if something in there "
            "were awaited. The blocking client awaits nothing.",
            "Python raises an error, since that is not allowed": "It is allowed, and nothing "
            "warns you. That is why it is so common.",
        },
        right="The tenth waits about ten times as long as the first",
    ),
}
