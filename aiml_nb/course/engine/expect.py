"""Checks of an answer's type, and explanations of common mistakes, for several lessons."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from .exercises import NotYet, of_kind, require
from .run_answer import run_answer

_MISSING_STAR = "gather wants the calls one by one: put a star before them,  gather(*calls)."

# A fragment of Python's error message for a common mistake, and what to write instead.
_MISTAKES = {
    "context manager": "A semaphore is entered with  async with, not with  with.",
    "different event loop": "That semaphore is the one of another cell. Make one of your own "
    "inside ask_all, with `limit` tickets.",
    "unhashable": _MISSING_STAR,
    "bad yield": _MISSING_STAR,
    "awaitable is required": "gather wants calls that are ready to start: write  ask(question)  "
    "without await, and put a star before a list of them,  gather(*calls).",
    "in 'await' expression": "await waits for a single thing. Several calls become one with "
    "gather:  await asyncio.gather(*calls).",
    "must be an iterable, not coroutine": "ask takes one question. Make a call for each of them, "
    "and hand the list to gather:  gather(*calls).",
}


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
        f"check wants the function itself, without brackets: {name}; it got what the function "
        f"returned, {type(answer).__name__}.",
    )
    return answer  # type: ignore[return-value]


def expect_list(answer: object, wanted: str) -> list[Any]:
    """Return `answer` as a list if it is one, or a tuple.

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
    require(
        not asyncio.isfuture(answer) and not asyncio.iscoroutine(answer),
        "your function returned before the work was done. Put await before gather.",
    )
    return list(of_kind(answer, list | tuple, f"a list: {wanted}"))  # type: ignore[arg-type]


def explain_mistakes(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run the learner's function, and explain common mistakes better than Python does.

    Parameters
    ----------
    function
        The learner's.
    arguments
        What it is called with.

    Raises
    ------
    NotYet
        If it stops with such a mistake, or does not end.
    """
    try:
        return run_answer(function, *arguments)
    except (TypeError, RuntimeError) as error:
        for fragment, advice in _MISTAKES.items():
            if fragment in str(error):
                raise NotYet(advice) from None
        raise
