"""What waits in the limiter's queue: a thread, or a future of the loop."""

from __future__ import annotations

import asyncio
import threading


class ThreadTurn:
    """A thread's priority in the line."""

    def __init__(self) -> None:
        self.given = threading.Event()
        self.is_over = False

    def give(self) -> bool:
        """Let the thread go on; False if it does not wait any more."""
        if not self.is_over:
            self.given.set()
        return not self.is_over


def give_turn(turn: asyncio.Future[None]) -> bool:
    """Let the coroutine go on; False if it does not wait any more."""
    if turn.done():
        return False
    turn.set_result(None)
    return True
