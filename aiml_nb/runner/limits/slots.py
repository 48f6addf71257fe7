"""A semaphore for the strategies, whose slots are lent to other calls during a backoff."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_held: ContextVar[Slots] = ContextVar("held")


class Slots:
    """Lets `count` tasks into its ``async with`` block at a time, first come, first served.

    As `asyncio.Semaphore`, but a task that backs off in the block can let another one in
    meanwhile, with `lent_slot`.

    Parameters
    ----------
    count
        The number of slots.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        _held.set(self)
        await self.take()

    async def take(self) -> None:
        """Wait for a slot, for a task that is started once there is one: see `taken`."""
        if self._free > 0 and not self._waiting:
            self._free -= 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():  # granted in the moment of cancellation
                self._release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._release()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Do as ``async with``, in a task for which another one has taken the slot."""
        _held.set(self)
        try:
            yield
        finally:
            self._release()

    def _release(self) -> None:
        self._free += 1
        while self._waiting and self._free > 0:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._free -= 1
                waiter.set_result(None)

    def _reacquire(self) -> None:
        # May fall below 0: the task that was let in meanwhile is not thrown out, and the next one
        # that leaves frees nothing.
        self._free -= 1


@contextmanager
def lent_slot() -> Iterator[None]:
    """Let another task in during this block; without effect for a task that holds no slot."""
    slots = _held.get(None)
    if slots is None:
        yield
        return
    slots._release()
    try:
        yield
    finally:
        slots._reacquire()
