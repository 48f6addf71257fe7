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
from ..engine.prepared import discard_coroutine
from ..engine.questions import Question
from . import pause_exercise
from .lag_exercise import check_lag_beside
from .pause_exercise import CALLED_TOO_EARLY, MAX_LAG, require_answers

# Seconds of each call; the second case is larger than the groups or pools that one might write.
_CASES = (
    {"a long one": 0.4, "a short one": 0.2, "a middling one": 0.3},
    {f"question {number}": 0.2 - number / 200 for number in range(30)},
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
        require("not callable" not in str(error), CALLED_TOO_EARLY)
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
    require_answers(answers, questions)


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


_NOT_ASYNC = (
    "asyncio.gather got an answer where it wants something to await: ask is a plain function, and "
    "each call of it keeps the loop until it is answered. Let asyncio.to_thread call it."
)
_PLAIN = "the function gave its result without being awaited. Begin it with  async def."

EXERCISES = {
    "6.3": pause_exercise.EXERCISE,
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
    "6.9": Question(
        "Lesson 2 again: a coroutine creates a task, then calls time.sleep(1), and then awaits "
        "something. When does the task take its first step?",
        {
            "At once": "create_task only puts it in line.",
            "After one second": "The one that created it lets go at its next await, and no sooner.",
            "During the second, in a thread": "There is one thread, and time.sleep keeps it.",
        },
        right="After one second",
    ),
}
