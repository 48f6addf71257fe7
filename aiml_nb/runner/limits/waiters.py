"""What waits in the limiter's queue: a thread, or a future of the loop."""

from __future__ import annotations

import asyncio
import threading


class ThreadWaiter:
    """A thread's priority in the line."""

    def __init__(self) -> None:
        self.granted = threading.Event()
        self.gave_up = False

    def grant(self) -> bool:
        """Let the thread go on; False if it does not wait any more."""
        if not self.gave_up:
            self.granted.set()
        return not self.gave_up


def grant_future(waiter: asyncio.Future[None]) -> bool:
    """Let the coroutine go on; False if it does not wait any more."""
    if waiter.done():
        return False
    waiter.set_result(None)
    return True
