"""What several checks begin with: call the answer, and look at the kind of what it gives."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator, MappingView, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from numbers import Real
from typing import Any

from .exercises import NotEnded, NotYet, describe, of_kind, require, show
from .fake_model import FakeModel
from .prepared import gone_through
from .run_answer import run_answer

_ROWS: Any = Sequence | Iterator | MappingView
_MOST = 1000  # items of an iterator, which may have no end
_FEW = 8  # items that a message shows


def expect_function(answer: object, name: str) -> Callable[..., Any]:
    """Return `answer` if it can be called.

    Parameters
    ----------
    answer
        What the learner gave.
    name
        The function's, as the lesson has it.

    Raises
    ------
    NotYet
        If it cannot be called.
    """
    require(
        callable(answer),
        f"check wants the function itself, without brackets: {name}; it got {describe(answer)}.",
    )
    return answer  # type: ignore[return-value]


def call_plain(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function that has nothing to await, and return what it gives.

    Parameters
    ----------
    function
        The learner's.
    arguments
        What it is called with.

    Raises
    ------
    NotYet
        If it is an async function, or does not end.
    """
    (found,) = run_answer(lambda: (gone_through(function(*arguments)),))
    if inspect.iscoroutine(found):
        found.close()  # else Python warns in a later cell that it was never awaited
        raise NotYet("nothing in here has to be waited for. Begin the function with a plain  def.")
    return found


def call_async(function: Callable[..., Any], *arguments: Any, virtual_time: bool = False) -> Any:
    """Await a coroutine function in a loop that runs already, and return what it gives.

    Parameters
    ----------
    function
        The learner's.
    arguments
        What it is called with.
    virtual_time
        Whether the loop skips all waits, for functions that wait with asyncio alone.

    Raises
    ------
    NotYet
        If there is nothing to await, or it does not end.
    """
    try:
        return run_answer(_await_result, function, arguments, virtual_time=virtual_time)
    finally:
        for model in (getattr(each, "__self__", None) for each in arguments):
            if isinstance(model, FakeModel):
                model.discard_prepared()


async def _await_result(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    result = function(*arguments)
    require(
        inspect.isawaitable(result),
        "the function gave its result without being awaited, so nothing else could run meanwhile. "
        "Begin it with  async def, and wait in it with await.",
    )
    return gone_through(await result)


def judge_twice(judge: Callable[..., Any], *arguments: Any) -> Any:
    """Call `judge`, and once more if it refuses: what a busy machine spoils, it spoils once.

    What does not end is not tried again: nobody wants to wait for that twice.

    Parameters
    ----------
    judge
        A check of what takes real time; its first `NotYet` goes through.
    arguments
        What it is called with.
    """
    try:
        return judge(*arguments)
    except NotEnded:
        raise
    except NotYet:
        with suppress(Exception):
            return judge(*arguments)
        raise


def expect_list(answer: object, wanted: str) -> list[Any]:
    """Return `answer` as a list if it is a row of things: a tuple, an iterator, an array.

    Parameters
    ----------
    answer
        What the learner's function returned.
    wanted
        What the list holds, in words.

    Raises
    ------
    NotYet
        If it is none; the message explains a missing return or await.
    """
    if asyncio.isfuture(answer):
        is_gather = not isinstance(answer, asyncio.Task)
        remedy = "Put await before gather." if is_gather else "Await the task."
        raise NotYet(f"your function returned before the work was done. {remedy}")
    if hasattr(answer, "tolist"):  # an array, or a column of a table
        answer = answer.tolist()
    if isinstance(answer, _ROWS) and not isinstance(answer, str | bytes):
        return list(islice(answer, _MOST))
    return of_kind(answer, list, f"a list: {wanted}")


def require_new(answers: Sequence[Any], wanted: Sequence[Any]) -> None:
    """Require that a list holds nothing that an earlier call has put there.

    Parameters
    ----------
    answers
        What the learner's function returned.
    wanted
        What is right for this call.

    Raises
    ------
    NotYet
        If more stands before what is right.
    """
    is_old = len(answers) > len(wanted) > 0 and list(answers[-len(wanted) :]) == list(wanted)
    require(
        not is_old,
        "what it gave still holds what an earlier call of it has put there. A list that is made "
        "outside the function is made once for all calls. Make it inside.",
    )


def expect_number(answer: object, wanted: str) -> float:
    """Return `answer` as a float if it is a number.

    Parameters
    ----------
    answer
        What the learner's function returned.
    wanted
        What the number is, in words.

    Raises
    ------
    NotYet
        If it is none.
    """
    if isinstance(answer, Real | Decimal) and not isinstance(answer, bool):
        return float(answer)
    raise NotYet(f"check got {describe(answer)}, and wants {wanted}.")


def expect_asked(model: FakeModel, questions: list[str], case: str = "") -> None:
    """Require that each question was asked once, and say what was forgotten.

    Parameters
    ----------
    model
        What the learner's function has asked.
    questions
        What it was given.
    case
        How the message begins.

    Raises
    ------
    NotYet
        If some were not asked, or were not waited for.
    """
    begun, prepared = [call.prompt for call in model.calls], model.discard_prepared()
    require(
        begun or not prepared,
        f"{case}no question was asked: ask was called {_times(prepared)}, and never awaited. "
        "Calling it only prepares the work.",
    )
    require(begun, f"{case}ask was never called.")
    odd = next((each for each in begun if not isinstance(each, str)), None)
    require(odd is None, f"{case}ask got {describe(odd)}. It takes one question at a time.")
    require(
        sorted(map(str, begun)) == sorted(questions),
        f"{case}asked were {few(begun)}; the questions given are {few(questions)}. Ask each of "
        "them once.",
    )
    require(
        all(call.outcome == "ok" for call in model.calls),
        f"{case}some calls were not waited for: your function ended before they did. Await all of "
        "them.",
    )


def few(items: Sequence[object]) -> str:
    """Return the first items as Python writes them, and how many more there are.

    Parameters
    ----------
    items
        Any number of them.
    """
    more = f" and {len(items) - _FEW} more" if len(items) > _FEW else ""
    return ", ".join(map(show, items[:_FEW])) + more if items else "none"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
