"""How many attempts may begin in one turn of the event loop.

A loop lets every task that is ready do its next step before it looks at the network again. A
thousand calls that begin at once would thus all be written out before the first of them is sent,
and the server, the display and the stop button would wait for as long. So a few begin in each turn,
and the first are under way while the last are written.
"""

from __future__ import annotations

import asyncio
from collections import deque

STARTS_PER_TURN = 8  # some 3 ms of work


class Ramp:
    """Lets tasks go on in the order in which they came, so many in each turn of the loop."""

    def __init__(self) -> None:
        self._begun = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def climb(self) -> None:
        """Wait for a turn of the loop in which few others begin."""
        loop = asyncio.get_running_loop()
        if self._begun == 0 and not self._waiting:
            loop.call_soon(self._begin_turn, loop)
        if self._begun < STARTS_PER_TURN and not self._waiting:
            self._begun += 1
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _begin_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._begun = 0
        while self._waiting and self._begun < STARTS_PER_TURN:
            turn = self._waiting.popleft()
            if not turn.done():  # else its task was cancelled
                turn.set_result(None)
                self._begun += 1
        if self._begun:
            loop.call_soon(self._begin_turn, loop)
