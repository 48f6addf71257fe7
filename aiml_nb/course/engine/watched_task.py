"""Run a learner's coroutine as a task, cancel it if asked to, and see what it leaves behind."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from .exercises import NotYet, require
from .fake_model import FakeModel
from .prepared import Prepared, gone_through
from .run_answer import run_answer


@dataclass(frozen=True, slots=True)
class Ending:
    """How a learner's coroutine ended.

    Parameters
    ----------
    value
        What it returned.
    error
        What it raised; a `CancelledError` if it ended cancelled.
    left
        How many tasks were still under way when it had ended.
    took
        The seconds until it ended, by the loop's clock.
    """

    value: Any
    error: BaseException | None
    left: int
    took: float

    def is_later_than(self, seconds: float) -> bool:
        """Say if it ended later than it could; whoever looks every 0.05 s is not late."""
        return self.took > seconds + 0.06


def watch_task(
    work: Callable[[], Any],
    *prepared: FakeModel | Prepared,
    cancel_when: Callable[[], bool] | None = None,
    limit: float = 5.0,
    virtual_time: bool = True,
) -> Ending:
    """Await what `work` returns in a loop of its own, and tell how it ended.

    Parameters
    ----------
    work
        Calls the learner's function.
    prepared
        What it may leave without an await, which is closed.
    cancel_when
        The coroutine is cancelled as soon as this is true.
    limit
        Seconds it may take.
    virtual_time
        Whether the loop skips all waits; not for functions that look at a clock of their own.

    Raises
    ------
    NotYet
        If there is nothing to await, or it takes longer.
    NotImplementedError
        If the exercise is not begun.
    """

    async def watch() -> Ending:
        return await _watch(work(), cancel_when)

    try:
        ending: Ending = run_answer(watch, limit=limit, virtual_time=virtual_time)
    finally:
        for each in prepared:
            each.discard_prepared()
    if isinstance(ending.error, NotImplementedError | NotYet):
        raise ending.error
    return ending


async def _watch(result: Any, cancel_when: Callable[[], bool] | None) -> Ending:
    require(
        inspect.isawaitable(result),
        "the function gave its result without being awaited. Begin it with  async def.",
    )
    clock = asyncio.get_running_loop().time
    task, began = asyncio.ensure_future(_wait_for(result)), clock()
    while cancel_when and not task.done() and not cancel_when():  # noqa: ASYNC110  of any kind
        await asyncio.sleep(0.001)
    if cancel_when and not task.done():
        task.cancel()
    await asyncio.wait([task])
    took = clock() - began
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    value = None if error else gone_through(task.result())
    return Ending(value, error, await count_left(), took)


async def count_left() -> int:
    """Return how many other tasks of this loop do not end by themselves at once, and end them."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for _ in range(5):  # what was cancelled needs a step or two to end
        await asyncio.sleep(0)
    left = {task for task in others if not task.done()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    return len(left)


def _wait_for(result: Awaitable[Any]) -> Coroutine[Any, Any, Any]:
    async def wait() -> Any:
        return await result

    return result if asyncio.iscoroutine(result) else wait()
