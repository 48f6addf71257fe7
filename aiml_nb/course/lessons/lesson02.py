"""Lesson 2, The loop: checks, hints and questions."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from ...records import Run
from ..engine.exercises import Exercise, NotYet, require
from ..engine.expect import expect_function, expect_list
from ..engine.fake_model import FakeModel
from ..engine.questions import Question
from ..engine.run_answer import run_answer
from . import create_task_exercise


def check_shout(shout: object) -> str:
    """Check whether the question is asked, waited for and its answer returned in capitals."""
    function = expect_function(shout, "shout")
    model = FakeModel([0.02])
    try:
        found = run_answer(function, model.ask, "Why?")
    except AttributeError as error:
        require("coroutine" not in str(error), _MISSING_AWAIT)
        raise
    except RuntimeError as error:
        raise NotYet(
            f"RuntimeError: {error}. Inside an async def a loop is running: use await."
        ) from None
    require(not inspect.iscoroutine(found), _MISSING_AWAIT)
    require(model.calls, "the question was not asked. Call ask(question), and wait for it.")
    require(
        len(model.calls) == 1,
        f"the question was asked {len(model.calls)} times. Each would be paid for: once will do.",
    )
    require(isinstance(found, str), f"it returned {found!r}. Return the answer in capital letters.")
    answer = model.answer_to("Why?")
    require(found != answer, "that is the answer, but not in capital letters. Try  answer.upper().")
    require(found == answer.upper(), f"the answer was {answer!r}, and it returned {found!r}.")
    return "It waits for the answer, and then works with it."


def check_is_loop_running(is_loop_running: object) -> str:
    """Check the function's result without and with a running loop."""
    function = expect_function(is_loop_running, "is_loop_running")
    require(
        not inspect.iscoroutinefunction(function),
        "an async function needs a loop to be asked whether there is one. Use a plain def.",
    )
    try:
        outside = run_answer(function)
    except RuntimeError as error:
        raise NotYet(
            f"where no loop is running it stopped with RuntimeError: {error}. Catch that error: it "
            "is the sign that there is none."
        ) from None
    inside = run_answer(_call_in_a_loop, function)
    require(
        isinstance(outside, bool) and isinstance(inside, bool),
        f"it returned {inside!r} where a loop is running and {outside!r} where none is. Return "
        "True or False.",
    )
    require(inside or not outside, "the two are the wrong way round: True where a loop is running.")
    require(
        inside, "where a loop is running it says False. get_running_loop() does not raise there."
    )
    require(not outside, "in a thread of its own, where no loop is running, it says True.")
    return "It knows both places, and starts nothing to find out."


def check_two_runs(answer: object) -> str:
    """Check whether the two runs were under way at the same time, and whether all went well."""
    runs = expect_list(answer, "the two runs")
    require(len(runs) == 2, f"check wants two runs, and got {len(runs)}.")
    for run in runs:
        require(
            isinstance(run, Run),
            f"one of the two is of the kind {type(run).__name__}, not a run. Put await before "
            "gather, and give it nb.run_async(…).",
        )
    one, other = runs
    require(one.run_id != other.run_id, "both are the same run. Make two.")
    require(
        _prompts(one) != _prompts(other),
        "both runs ask the same questions. One is of nb.prompts.FAQ, the other of five others.",
    )
    for run in runs:
        failed = [call.outcome for call in run.calls if call.outcome != "ok"]
        require(not failed, f"not every call went well: {', '.join(failed)}. Run the cell again.")
    require(
        _overlap(one, other) > 0,
        "the second run began when the first was over: an await waits before the next line is "
        "reached. Give both to one gather.",
    )
    return "Both were under way at the same time."


def _overlap(one: Run, other: Run) -> float:
    """Return the seconds in which both runs were in progress; negative if there are none."""
    begin = max(one.started_at, other.started_at)
    end = min(one.started_at + one.makespan, other.started_at + other.makespan)
    return end - begin


def _prompts(run: Run) -> list[str]:
    return [call.prompt for call in run.calls]


async def _call_in_a_loop(function: Any) -> Any:
    await asyncio.sleep(0)
    return function()


_MISSING_AWAIT = (
    "ask(question) gives a coroutine, and that is no answer: nobody has waited for it. Write await "
    "before it."
)
EXERCISES = {
    "2.2": Exercise(
        check_shout,
        hints=(
            "The message says: 'coroutine' object has no attribute 'upper'. What is the coroutine?",
            "ask(question) only prepares the call. Which word waits for it?",
            "answer = await ask(question), then return answer.upper()",
        ),
    ),
    "2.4": create_task_exercise.EXERCISE,
    "2.8": Exercise(
        check_is_loop_running,
        hints=(
            "There are two cases, and in one of them get_running_loop() raises an error.",
            "Put the call into a try. What does it mean if you reach the line after it?",
            "try: asyncio.get_running_loop() / except RuntimeError: return False / return True",
        ),
    ),
    "2.7": Exercise(
        check_two_runs,
        hints=(
            "You know how to start two coroutines at the same time.",
            "nb.run_async(…) without await is a coroutine. asyncio.gather takes two of them.",
            "return await asyncio.gather(nb.run_async(nb.prompts.FAQ, endpoint), "
            "nb.run_async(nb.prompts.TWENTY[:5], endpoint))",
        ),
    ),
}
QUESTIONS = {
    "2.6": Question(
        "You write an async function that is going to be timed. Inside it, how do you wait?",
        {
            "await": "Nothing is nested, so each coroutine goes on as soon as its wait is over.",
            "asyncio.run(…), it is patched": "It works, but it returns only after every run that "
            "was put on top of it.",
            "time.sleep(…)": "That holds the one thread: no other coroutine moves meanwhile.",
        },
        right="await",
    ),
}
