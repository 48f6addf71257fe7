"""Run a coroutine to its end inside a loop that is already running."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from .idiom import remember
from .interrupt import Interruptible
from .owner import FAREWELL, new_owner, tasks_of

# Seconds between two checks whether the task that waits for a nested run has been cancelled.
GLANCE = 0.05

T = TypeVar("T")


def run_nested(loop: Any, coro: Coroutine[Any, Any, T], *, debug: bool | None = None) -> T:
    """Wait for `coro` inside `loop`, which is running, nestable and this thread's own.

    `coro` is cancelled by an interrupt, and when the task that waits for it here is cancelled.
    Tasks that it leaves behind are cancelled, as by ``asyncio.run``; all other tasks of the loop
    continue during the run and after it.
    """
    context, owner = new_owner()
    waiting = asyncio.current_task()
    task: asyncio.Task[T] = loop.create_task(coro, context=context)
    with (
        _enough_handles(loop),
        _debugging(loop, debug),
        _cancelled_with(waiting, task),
        Interruptible(loop, task.cancel),
    ):
        try:
            result: T = loop.run_until_complete(task)
            return result
        except RuntimeError as error:
            remember(error, coro)
            raise
        finally:
            cancel_tasks(loop, tasks_of(owner, loop))


def cancel_tasks(loop: Any, leftovers: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks that a run has left behind, and give them a little time to end."""
    for task in leftovers:
        task.cancel()
    if leftovers:
        # RuntimeError: a kernel that shuts down stops its loop here.
        with suppress(RuntimeError):
            loop.run_until_complete(loop.create_task(asyncio.wait(leftovers, timeout=FAREWELL)))
    for task in leftovers:
        _report_failure(loop, task)


def _report_failure(loop: Any, task: asyncio.Task[Any]) -> None:
    error = task.exception() if task.done() and not task.cancelled() else None
    if isinstance(error, Exception):
        message = "unhandled exception in a task that its run left behind"
        loop.call_exception_handler({"message": message, "exception": error, "task": task})


@contextmanager
def _cancelled_with(waiting: Any, task: asyncio.Task[Any]) -> Iterator[None]:
    """Cancel `task` when `waiting` is cancelled: that task is blocked here in one of its steps."""
    if waiting is None:  # called from a callback, which cannot be cancelled
        yield
        return
    loop, before, timer = task.get_loop(), waiting.cancelling(), None

    def look() -> None:
        nonlocal timer
        if waiting.cancelling() <= before:
            timer = loop.call_later(GLANCE, look)
        elif not task.cancelling():  # a second cancel would interrupt its cleanup
            task.cancel()

    timer = loop.call_later(GLANCE, look)
    try:
        yield
    except asyncio.CancelledError:
        if waiting.cancelling() > before:
            # The cancellation is delivered by this exception; C tasks have no such attribute.
            with suppress(AttributeError):
                waiting._must_cancel = False
        raise
    finally:
        timer.cancel()


@contextmanager
def _enough_handles(loop: Any) -> Iterator[None]:
    """Leave the loop at least as many ready callbacks as it had.

    In the cell that applies the patch, the current iteration is still asyncio's own, which has
    counted its callbacks beforehand. If the nested run has consumed them, it raises ``IndexError:
    pop from an empty deque``, which ends the loop and the kernel.
    """
    ready = len(loop._ready)
    try:
        yield
    finally:
        for _ in range(ready - len(loop._ready)):
            loop.call_soon(_nothing)


def _nothing() -> None:
    """Replace a callback that the nested run has already called."""


@contextmanager
def _debugging(loop: Any, debug: bool | None) -> Iterator[None]:
    """Set the loop's debug flag, and restore it afterwards: the loop is shared."""
    before = loop.get_debug()
    if debug is not None:
        loop.set_debug(debug)
    try:
        yield
    finally:
        if debug is not None:
            loop.set_debug(before)
