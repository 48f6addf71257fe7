"""The waiters in the queue of the limiter: a thread, or a future of an event loop."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
from collections.abc import Callable

Grant = Callable[[], bool]


class WaitingQueue:
    """What grants a slot to each waiter, by priority and then in the order of arrival."""

    def __init__(self) -> None:
        # The sequence number also keeps functions from being compared.
        self._heap: list[tuple[int, int, Grant]] = []
        self._sequence = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def lowest(self) -> int:
        """The priority that is next; of a queue that is not empty."""
        return self._heap[0][0]

    def push(self, priority: int, grant: Grant) -> None:
        """Add a waiter."""
        heapq.heappush(self._heap, (priority, next(self._sequence), grant))

    def pop(self) -> Grant:
        """Remove the next waiter; the result wakes it, and returns False if it has given up."""
        return heapq.heappop(self._heap)[2]


class ThreadWaiter:
    """A thread that waits for a slot."""

    def __init__(self) -> None:
        self.granted = threading.Event()
        self.gave_up = False

    def grant(self) -> bool:
        """Wake the thread; return False if it has given up."""
        if not self.gave_up:
            self.granted.set()
        return not self.gave_up


def grant_future(waiter: asyncio.Future[None]) -> bool:
    """Wake the coroutine; return False if it has given up."""
    if waiter.done():
        return False
    waiter.set_result(None)
    return True
