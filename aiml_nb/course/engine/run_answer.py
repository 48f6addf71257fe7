"""Run a learner's function in a thread with its own event loop, and with a time limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from threading import Thread
from types import FrameType
from typing import Any

from ...loop import goes_on, raise_in_thread
from .exercises import NotEnded, require
from .virtual_time import SleptError, VirtualTimeLoop, noting_sleeps


def run_answer(
    function: Callable[..., Any], *arguments: Any, limit: float = 10.0, virtual_time: bool = False
) -> Any:
    """Call the learner's function, plain or async, and return its result.

    It runs in a thread with its own event loop: the notebook's loop is not touched, and a function
    that never ends does not block the notebook.

    Parameters
    ----------
    function
        The learner's.
    arguments
        What it is called with.
    limit
        Seconds it may take.
    virtual_time
        Whether its event loop skips all waits: see `VirtualTimeLoop`. It must not block then.

    Raises
    ------
    NotEnded
        If it takes longer.
    NotYet
        If it calls ``time.sleep`` in a loop of virtual time.
    """
    outcome: Future[Any] = Future()
    loops: list[asyncio.AbstractEventLoop] = []
    slept: list[FrameType] = []

    def work() -> None:
        try:
            result = function(*arguments)
            if asyncio.iscoroutine(result):
                refused = noting_sleeps(slept, error=SleptError)
                with refused if virtual_time else nullcontext():
                    result = _await(result, loops, virtual_time=virtual_time)
            outcome.set_result(result)
        except BaseException as error:  # noqa: BLE001  re-raised in the waiting thread
            outcome.set_exception(error)

    # A daemon, so that an endless function does not keep the process alive.
    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        with suppress(SleptError):
            found = outcome.result(timeout=limit)
    except TimeoutError:
        if outcome.done():  # raised by the learner's function
            raise
        raise NotEnded(
            f"your function had not ended after {limit:g} s. Does it wait for something that "
            "never comes, or go round a loop that never awaits?"
        ) from None
    finally:
        if not outcome.done():
            _end_thread(thread, loops)
    _require_no_sleep(slept)
    return found


def _require_no_sleep(slept: list[FrameType]) -> None:
    require(
        not slept,
        "time.sleep keeps the loop to itself: until it is over nobody else moves. In an async def "
        "pause with  await asyncio.sleep(…), and to wait for a task await it.",
    )


def _await(
    coroutine: Coroutine[Any, Any, Any],
    loops: list[asyncio.AbstractEventLoop],
    *,
    virtual_time: bool,
) -> Any:
    # Not asyncio.run, which a patch for notebooks replaces in all threads.
    with asyncio.Runner(loop_factory=VirtualTimeLoop if virtual_time else None) as runner:
        loops.append(runner.get_loop())
        return runner.run(_await_without_log(coroutine))


async def _await_without_log(result: Coroutine[Any, Any, Any]) -> Any:
    # Unhandled exceptions of tasks are explained by the check, so asyncio need not log them.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    return await result


def _end_thread(thread: Thread, loops: list[asyncio.AbstractEventLoop]) -> None:
    """Cancel what waits, and raise SystemExit in what goes on: it would slow down later cells.

    Repeated until the thread ends, since the learner's code or a callback may catch the first one;
    and for one second only, since code that waits outside Python cannot be interrupted.
    """
    deadline = time.monotonic() + 1.0
    while thread.is_alive() and time.monotonic() < deadline:
        for loop in loops:
            with suppress(RuntimeError):  # it is closed by now
                loop.call_soon_threadsafe(_cancel_all, loop)
        thread.join(0.02)
        if goes_on(thread.ident or 0):
            raise_in_thread(thread.ident or 0, SystemExit)
        thread.join(0.05)


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
