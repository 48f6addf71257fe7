"""A semaphore whose slots can be lent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_held: ContextVar[Slots] = ContextVar("held")


class Slots:
    """Lets so many tasks into its ``async with`` block at a time, in the order in which they come.

    As `asyncio.Semaphore`; but a task that waits in the block for something else can let another
    one in for that time, with `lent_slot`.

    Parameters
    ----------
    count
        How many.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        _held.set(self)
        if self._free > 0 and not self._waiting:
            self._free -= 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():  # it was given in the same moment
                self._release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._release()

    def _release(self) -> None:
        self._free += 1
        while self._waiting and self._free > 0:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self._free -= 1
                waiter.set_result(None)

    def _reacquire(self) -> None:
        self._free -= 1  # whoever has come in meanwhile stays


@contextmanager
def lent_slot() -> Iterator[None]:
    """Let another task in while this one waits; one that holds no slot lends none."""
    slots = _held.get(None)
    if slots is None:
        yield
        return
    slots._release()
    try:
        yield
    finally:
        slots._reacquire()
