"""Run what a learner wrote, apart from the notebook's loop and for a limited time."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from threading import Thread
from typing import Any

from .exercises import NotYet


def run_answer(function: Callable[..., Any], *arguments: Any, limit: float = 10.0) -> Any:
    """Call what the learner wrote and wait for it, whether it is a plain or an async function.

    It runs in a thread with an event loop of its own: the notebook's loop stays as it is, patched
    or not, and what never ends does not hold the notebook.

    Parameters
    ----------
    function
        The learner's.
    arguments
        What it is called with.
    limit
        Seconds it may take.

    Raises
    ------
    NotYet
        If it takes longer.
    """
    outcome: Future[Any] = Future()

    def work() -> None:
        try:
            result = function(*arguments)
            is_async = asyncio.iscoroutine(result)
            outcome.set_result(asyncio.run(_await_quietly(result)) if is_async else result)
        except BaseException as error:  # noqa: BLE001  raised again by the one who waits
            outcome.set_exception(error)

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        return outcome.result(timeout=limit)
    except TimeoutError:
        if outcome.done():  # the learner's own
            raise
        raise NotYet(
            f"your function had not ended after {limit:g} s. Does it wait for something that "
            "never comes, or go round a loop that never awaits?"
        ) from None
    finally:
        if not outcome.done():
            _end(thread)


async def _await_quietly(result: Coroutine[Any, Any, Any]) -> Any:
    # What is started and never awaited is for the check to tell: Python would print pages of it.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    return await result


def _end(thread: Thread) -> None:
    """Have a thread end at its next step: going round for ever, it would slow down every cell."""
    number = ctypes.c_ulong(thread.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(SystemExit))
