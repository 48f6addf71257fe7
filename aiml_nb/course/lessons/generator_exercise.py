"""Exercise 9.9: an async generator of answers, each as soon as it is there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..engine.exercises import Exercise, NotYet, require
from ..engine.expect import expect_function
from ..engine.fake_model import FakeModel
from ..engine.prepared import is_unawaited
from ..engine.run_answer import run_answer
from ..engine.watched_task import count_left

# The limit, and the seconds of the calls by question: in whichever order they begin, no two end at
# the same time.
_CASES = (
    (2, (0.4, 0.05, 0.15, 0.07)),
    (9, (0.25, 0.05, 0.15)),
    (1, (0.1, 0.02, 0.05)),
)


def check_as_they_come(as_they_come: object) -> str:
    """Read it to the end with three limits, and close it early once."""
    function = expect_function(as_they_come, "as_they_come")
    for limit, seconds in _CASES:
        model, questions = _prepare(seconds)
        try:
            pairs, finished_at_first = run_answer(
                _read_all, function, model, questions, limit, virtual_time=True
            )
        finally:
            prepared = model.discard_prepared()
        require(
            model.calls or not prepared,
            "ask(question) was called, and never awaited: calling it only prepares the work.",
        )
        _require_limit(model, limit, questions)
        _require_pairs(pairs, model, questions)
        require(
            finished_at_first < len(questions),
            "the first pair came when all answers were there. Give each as soon as it is there: "
            "yield within the loop.",
        )
    _check_closing(function)
    return "Each answer as soon as it is there, within the limit, and nothing is left behind."


def _prepare(seconds: tuple[float, ...]) -> tuple[FakeModel, list[str]]:
    questions = [f"question {number}" for number in range(1, len(seconds) + 1)]
    return FakeModel(dict(zip(questions, seconds, strict=True))), questions


def _begin(function: Callable[..., Any], *arguments: Any) -> Any:
    generator = function(*arguments)
    if inspect.iscoroutine(generator):
        generator.close()
        raise NotYet("that is a coroutine, and no generator: there is no  yield  in the function.")
    require(
        hasattr(generator, "__anext__"),
        "that cannot be read with  async for. Begin with  async def, and give with  yield.",
    )
    return generator


async def _read_all(
    function: Callable[..., Any], model: FakeModel, questions: list[str], limit: int
) -> tuple[list[Any], int]:
    pairs: list[Any] = []
    finished_at_first = 0
    async for pair in _begin(function, model.ask, questions, limit):
        require(not is_unawaited(pair), "it gave what is to be awaited. Write  yield await task.")
        pairs.append(pair)
        finished_at_first = finished_at_first or len(model.finishing_order)
    return pairs, finished_at_first


def _require_limit(model: FakeModel, limit: int, questions: list[str]) -> None:
    number = len(questions)
    require(
        len(model.calls) == number,
        f"{number} questions were given, and {len(model.calls)} asked.",
    )
    peak, wanted = model.peak_in_flight, min(limit, number)
    require(
        peak <= limit,
        f"{peak} calls were in flight at once, and the limit is {limit}. A semaphore "
        "holds calls back one by one: enter it in the coroutine that asks a single question.",
    )
    require(
        peak == wanted,
        f"only {peak} of the {wanted} calls that are allowed were in flight at once. Make a task "
        "for each question before you wait for the first.",
    )
    require(
        not model.had_idle_slots(limit),
        "fewer calls were in flight than the limit allows, while questions were waiting: a group "
        "waits for its slowest call. Make a task for each question, and let the semaphore hold "
        "them back one by one.",
    )


def _require_pairs(pairs: list[Any], model: FakeModel, questions: list[str]) -> None:
    for pair in pairs:
        require(
            isinstance(pair, list | tuple) and len(pair) == 2,
            f"it gave {pair!r:.60}. Wanted are pairs: (question, answer).",
        )
    wanted = [(question, model.answer_to(question)) for question in model.finishing_order]
    given = [tuple(pair) for pair in pairs]
    require(
        given == wanted or [(b, a) for a, b in given] != wanted,
        "the pairs are the wrong way round: (question, answer).",
    )
    require(
        sorted(map(str, given)) == sorted(map(str, wanted)),
        f"of {len(questions)} questions it gave {len(given)} pairs, and not each with its answer. "
        "as_completed does not tell whose answer it is: let the coroutine return both.",
    )
    require(
        given == wanted or [question for question, _ in given] != questions,
        "the pairs came in the order of asking, the first when the longest was answered. "
        "as_completed gives each as soon as it is there.",
    )
    require(
        given == wanted,
        "all answers are there, but not in the order in which they came. as_completed gives that.",
    )


def _check_closing(function: Callable[..., Any]) -> None:
    model, questions = _prepare((1.5, 0.05, 1.5, 1.5))

    async def close_early() -> int:
        generator = _begin(function, model.ask, questions, 2)
        await anext(generator)
        await generator.aclose()
        return await count_left()

    left = run_answer(close_early, virtual_time=True)
    require(
        not left,
        f"its reader left after the first pair, and {left} tasks went on. Put the loop into  try: "
        "… finally:  and cancel the tasks there.",
    )


EXERCISE = Exercise(
    check_as_they_come,
    hints=(
        "Three parts: an inner coroutine that asks within the semaphore and returns question and "
        "answer; a task of it for each question; a loop that yields.",
        "for task in asyncio.as_completed(tasks):  yield await task. If the reader closes the "
        "generator, it stops at this yield.",
        "So the loop stands in  try: …  finally: for task in tasks: task.cancel().",
    ),
)
