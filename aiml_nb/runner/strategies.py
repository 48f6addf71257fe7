"""The ways to make many calls. Each is the whole idea in a few lines, as a lesson shows it.

Every function gets `make`, which makes one call and never raises (a failure is in its record), the
calls in the prompts' order, and the most that may be in flight.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from ..loop import block_sigint
from ..records import Call
from .limits.slots import Slots

MakeCall = Callable[[Call], None]
MakeCallAsync = Callable[[Call], Awaitable[None]]
AsyncStrategy = Callable[[MakeCallAsync, list[Call], int], Awaitable[None]]
# Of more calls than this no task is made before there is a slot for it: each takes a kilobyte.
MANY = 10_000


def sequential(make: MakeCall, calls: list[Call], max_concurrency: int) -> None:
    """Make one call after the other: each waits for the answer before it."""
    for call in calls:
        make(call)


def threads(make: MakeCall, calls: list[Call], max_concurrency: int) -> None:
    """Make each call in a thread of a pool: blocking code, several calls in flight."""
    with _thread_pool(max_concurrency) as pool:
        waiting = deque[Future[None]]()
        for call in calls:
            if len(waiting) >= MANY:  # as in `held_back`
                waiting.popleft().result()
            waiting.append(pool.submit(make, call))
        for future in waiting:
            future.result()


async def gather(make: MakeCallAsync, calls: list[Call], max_concurrency: int) -> None:
    """Start all calls at once and wait for all; a semaphore holds back those over the limit.

    It is one whose slots can be lent: to another call, while one waits to be tried again.
    """
    slots = Slots(max_concurrency)

    async def make_in_slot(call: Call) -> None:
        async with slots:
            await make(call)

    await asyncio.gather(*(make_in_slot(call) for call in calls))


async def as_completed(make: MakeCallAsync, calls: list[Call], max_concurrency: int) -> None:
    """Start all calls as `gather` does, and take each as soon as it is finished."""
    slots = Slots(max_concurrency)

    async def make_in_slot(call: Call) -> None:
        async with slots:
            await make(call)

    tasks = [asyncio.create_task(make_in_slot(call)) for call in calls]
    try:
        for finished in asyncio.as_completed(tasks):
            await finished
    finally:
        await _end(tasks)


async def task_group(make: MakeCallAsync, calls: list[Call], max_concurrency: int) -> None:
    """Start all calls in a task group, which ends only when all of its tasks have."""
    slots = Slots(max_concurrency)

    async def make_in_slot(call: Call) -> None:
        async with slots:
            await make(call)

    async with asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(make_in_slot(call))


async def workers(make: MakeCallAsync, calls: list[Call], max_concurrency: int) -> None:
    """Let as many workers as the limit allows take calls from one queue until it is empty."""
    queue: asyncio.Queue[Call] = asyncio.Queue()
    for call in calls:
        queue.put_nowait(call)

    async def work() -> None:
        while not queue.empty():
            await make(queue.get_nowait())

    await asyncio.gather(*(work() for _ in range(min(max_concurrency, len(calls)))))


async def batches(make: MakeCallAsync, calls: list[Call], max_concurrency: int) -> None:
    """Gather one batch, then the next: a classic trap, since a batch waits for its slowest."""
    for start in range(0, len(calls), max_concurrency):
        await asyncio.gather(*map(make, calls[start : start + max_concurrency]))


async def adaptive(make: MakeCallAsync, calls: list[Call], max_concurrency: int) -> None:
    """Gather, while the limiter in front of each attempt learns how many the server takes."""
    await gather(make, calls, max_concurrency)


def held_back(strategy: AsyncStrategy) -> AsyncStrategy:
    """Return a strategy that starts all calls at once, and of very many each as a slot is free.

    It comes to the same: a task that is there before waits for its slot.
    """

    async def start_in_turn(make: MakeCallAsync, calls: list[Call], max_concurrency: int) -> None:
        if len(calls) <= MANY:
            await strategy(make, calls, max_concurrency)
            return
        slots = Slots(max_concurrency)

        async def make_in_slot(call: Call) -> None:
            with slots.taken():
                await make(call)

        try:
            async with asyncio.TaskGroup() as group:
                for call in calls:
                    await slots.take()
                    group.create_task(make_in_slot(call))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    return start_in_turn


@contextmanager
def _thread_pool(size: int) -> Iterator[ThreadPoolExecutor]:
    """Open a pool that an interrupt leaves at once, with the waiting calls dropped."""
    # Signals are left to the main thread: one that is delivered to a worker would not wake it.
    pool = ThreadPoolExecutor(size, thread_name_prefix="aiml_nb", initializer=block_sigint)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel the tasks that still run, so that none of them outlives the run."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


BLOCKING_STRATEGIES: dict[str, Callable[[MakeCall, list[Call], int], None]] = {
    "sequential": sequential,
    "threads": threads,
}
ASYNC_STRATEGIES: dict[str, AsyncStrategy] = {
    "gather": held_back(gather),
    "as_completed": held_back(as_completed),
    "task_group": held_back(task_group),
    "workers": workers,
    "batches": batches,
    "adaptive": held_back(adaptive),
}
# Functions that block are called in threads of their own, which a loop waits for.
FUNCTION_STRATEGIES = ASYNC_STRATEGIES | {"sequential": workers, "threads": held_back(gather)}
