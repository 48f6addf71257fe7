"""Pace the starts of attempts: so many in each iteration of the event loop.

An event loop runs every ready task before it polls the network again. A thousand calls that start
at once would thus all be prepared before the first is sent, and the display and the stop button
would wait for as long. So few start in each iteration, and the first are on their way while the
last are prepared.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

MIN_STARTS, MAX_STARTS = 16, 64  # in one iteration
# One for each millisecond that the iteration before took: a start takes about 0.4 ms, so a loop
# that is busy with answers spends about a third of its time on starts.
STARTS_PER_SECOND = 1000


class StartPacer:
    """Lets so many tasks go on in each iteration of the loop, first come, first served.

    Parameters
    ----------
    now
        Returns the time, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._iteration_began = 0.0
        self._left = MIN_STARTS
        self._is_scheduled = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    def try_start(self) -> bool:
        """Count a start and return True, if one more is allowed in this iteration of the loop."""
        # `call_soon` makes the loop iterate once more, so it is used only when starts run low.
        if self._left <= MIN_STARTS // 2 and not self._is_scheduled:
            self._is_scheduled = True
            self._iteration_began = self._now()
            loop = asyncio.get_running_loop()
            loop.call_soon(self._begin_iteration, loop)
        if not self._left or self._waiting:
            return False
        self._left -= 1
        return True

    async def wait(self) -> None:
        """Wait for an iteration of the loop with a start left."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await waiter

    def _begin_iteration(self, loop: asyncio.AbstractEventLoop) -> None:
        before, self._iteration_began = self._iteration_began, self._now()
        allowed = int((self._iteration_began - before) * STARTS_PER_SECOND)
        self._left = allowed = min(max(MIN_STARTS, allowed), MAX_STARTS)
        while self._waiting and self._left:
            waiter = self._waiting.popleft()
            if not waiter.done():  # else its task was cancelled
                waiter.set_result(None)
                self._left -= 1
        self._is_scheduled = self._left < allowed
        if self._is_scheduled:
            loop.call_soon(self._begin_iteration, loop)
