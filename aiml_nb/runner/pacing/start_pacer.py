"""How many attempts may begin in one turn of the event loop.

A loop lets every task that is ready do its next step before it looks at the network again. A
thousand calls that begin at once would thus all be written out before the first of them is sent,
and the server, the display and the stop button would wait for as long. So a few begin in each turn,
and the first are under way while the last are written.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

MIN_STARTS, MAX_STARTS = 16, 64  # in one turn
# As many as the turn before had milliseconds: to begin a call takes about 0.4 ms, so a loop that is
# busy with answers spends a third of its time on it, and is not held up for much longer.
STARTS_PER_SECOND = 1000


class StartPacer:
    """Lets tasks go on in the order in which they came, so many in each turn of the loop.

    Parameters
    ----------
    now
        Tells the time, in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._iteration_began = 0.0
        self._left = MIN_STARTS
        self._is_scheduled = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    def try_start(self) -> bool:
        """Say whether the caller may begin in this turn of the loop, and count it if so."""
        # To hear of the next turn costs one more of them: few that begin now and then need none.
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
        """Wait for a turn of the loop in which few others begin."""
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
