"""The waiters in the queue of the limiter: a thread, or a future of an event loop."""

from __future__ import annotations

import asyncio
import threading


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
