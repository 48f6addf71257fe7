"""Lesson 2, The loop: checks, hints and questions."""

from __future__ import annotations

import asyncio
import inspect
import time
import traceback
from collections.abc import Callable
from typing import Any

from ...endpoint import Endpoint, connect
from ...prompts import FAQ, TWENTY
from ...records import Run
from ..engine.exercises import Exercise, require, show
from ..engine.expect import call_async, expect_asked, expect_function, expect_list
from ..engine.fake_model import FakeModel
from ..engine.questions import Question
from . import create_task_exercise
from .loop_exercise import check_is_loop_running


def check_shout(shout: object) -> str:
    """Check whether questions are asked in the loop, waited for and answered in capitals."""
    function = expect_function(shout, "shout")
    for question in ("Why?", "Where is it?"):
        model = FakeModel([0.2])
        _check_shouted(_shout(function, model, question), model, question)
    return "It waits for the answer, and then works with it."


def _shout(function: Callable[..., Any], model: FakeModel, question: str) -> Any:
    try:
        found, loop = call_async(_note_loop, function, model.ask, question, virtual_time=True)
    except AttributeError as error:
        line = traceback.extract_tb(error.__traceback__)[-1].line or ""
        require("coroutine" not in str(error), _DOT_FIRST if "await" in line else _MISSING_AWAIT)
        raise
    prepared = model.discard_prepared()
    require(
        len(model.calls) < 2 and prepared < 2,
        f"the question was asked {prepared} times. Each would be paid for: once will do.",
    )
    expect_asked(model, [question])
    require(
        model.loops == [loop],
        "the question was asked in another event loop, which had to be started for it. Stay in the "
        "one that is running: await ask(question).",
    )
    return found


def _check_shouted(found: object, model: FakeModel, question: str) -> None:
    answer = model.answer_to(question)
    require(not inspect.isawaitable(found), _MISSING_AWAIT)
    require(not callable(found), f"it returned {show(found)}. Brackets call it:  answer.upper().")
    require(
        isinstance(found, str), f"it returned {show(found)}. Return the answer in capital letters."
    )
    require(found != answer, "that is the answer, but not in capital letters. Try  answer.upper().")
    require(found == answer.upper(), f"the answer was {answer!r}, and it returned {show(found)}.")


async def _note_loop(function: Callable[..., Any], *arguments: Any) -> Any:
    coroutine = function(*arguments)
    require(
        inspect.isawaitable(coroutine),
        "shout is a plain function, and has to be done before anybody else may go on. Begin it "
        "with  async def, and await in it.",
    )
    return await coroutine, asyncio.get_running_loop()


def check_two_runs(make_two_runs: object) -> str:
    """Check that two runs of the right prompts overlap, at the endpoint that is given."""
    function = expect_function(make_two_runs, "make_two_runs")
    for seed, speed in ((2, 20), (5, 40)):
        endpoint = connect(simulate=True, scenario="faq", seed=seed, speed=speed, verbose=False)
        began = time.time()
        runs = expect_list(call_async(function, endpoint), "the two runs")
        _check_prompts(runs)
        _check_overlap(runs, endpoint, began)
    return "Both were under way at the same time."


def _check_prompts(runs: list[Any]) -> None:
    require(len(runs) == 2, f"check wants two runs, and got {len(runs)}.")
    for run in runs:
        require(isinstance(run, Run), f"one of the two is {show(run)}, and not a run.")
    one, other = map(_prompts, runs)
    require(
        one != other,
        "both runs ask the same questions. One is of nb.prompts.FAQ, the other of five others.",
    )
    wanted = [list(FAQ), TWENTY[:5]]
    require(
        [one, other] in (wanted, wanted[::-1]),
        f"the runs have {len(one)} and {len(other)} questions. Wanted are the two of "
        "nb.prompts.FAQ, and the first five of nb.prompts.TWENTY.",
    )


def _check_overlap(runs: list[Run], endpoint: Endpoint, began: float) -> None:
    for run in runs:
        failed = [call.outcome for call in run.calls if call.outcome != "ok"]
        require(not failed, f"not every call went well: {', '.join(failed)}. Run the cell again.")
        require(
            run.base_url == endpoint.base_url and run.seed == endpoint.seed,
            "a run went to another endpoint than the one that make_two_runs is given.",
        )
        require(
            run.started_at >= began - 0.1,
            "one of the runs is an old one. Make both inside the function.",
        )
    require(
        _overlap(*runs) > 0,
        "the second run began when the first was over: an await waits before the next line is "
        "reached. Give both to one gather.",
    )


def _overlap(one: Run, other: Run) -> float:
    """Return the seconds in which both runs were in progress; negative if there are none."""
    begin = max(one.started_at, other.started_at)
    end = min(one.started_at + one.makespan, other.started_at + other.makespan)
    return end - begin


def _prompts(run: Run) -> list[str]:
    return [call.prompt for call in run.calls]


_MISSING_AWAIT = (
    "ask(question) gives a coroutine, and that is no answer: nobody has waited for it. Write await "
    "before it."
)
_DOT_FIRST = (
    "the dot comes before the await: what is asked for its .upper() is what ask(question) gives, a "
    "coroutine. Put brackets around  await ask(question), or the answer into a variable."
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
IN_APPENDIX = ("2.7", "2.8")
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
    "2.10": Question(
        "Lesson 1 again: a cell creates three tasks, of 3 s, 1 s and 1 s, and then awaits one "
        "after the other, the longest first. How long does that take?",
        {
            "3 s": "All three are under way from the first await on. The other two are done long "
            "before their turn, and awaiting them only collects what is there.",
            "5 s": "That is one after another: each task would have to be created when the one "
            "before is done.",
            "1 s": "The total cannot be less than the longest of them.",
        },
        right="3 s",
    ),
}
