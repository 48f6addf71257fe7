"""How late the running loop is, and a tick that keeps it interruptible."""

from __future__ import annotations

import asyncio
from types import TracebackType

INTERVAL = 0.02


class LoopLag:
    """Measure how late the running loop wakes up, while the ``async with`` lasts.

    The probe asks to be woken every 20 ms. Those wake-ups are also what makes an awaited cell
    interruptible: a kernel hears the stop button only when its loop next turns, and a cell that
    awaits one long answer otherwise turns no loop until the answer comes.

    Attributes
    ----------
    maximum
        The longest delay of one wake-up, in seconds. Current at any time, final after the block.
    total
        Seconds of all delays together, of which those up to 20 ms do not count: any machine has
        them.

    Examples
    --------
    >>> async with LoopLag() as lag:
    ...     await work()
    >>> lag.maximum
    0.0007
    """

    def __init__(self) -> None:
        self.maximum = self.total = 0.0
        self._starts_up = False
        self._loop: asyncio.AbstractEventLoop
        self._timer: asyncio.TimerHandle
        self._due = 0.0

    async def __aenter__(self) -> LoopLag:
        self._loop = asyncio.get_running_loop()
        self._ask()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        # A loop that was blocked until the very end has had no turn in which to say so.
        self._measure()

    def begin_again(self) -> None:
        """Forget the delays until now, and the one that comes of what is started now."""
        self.maximum = self.total = 0.0
        self._starts_up = True

    def _ask(self) -> None:
        self._due = self._loop.time() + INTERVAL
        self._timer = self._loop.call_at(self._due, self._wake)

    def _wake(self) -> None:
        self._measure()
        self._starts_up = False
        self._ask()

    def _measure(self) -> None:
        late = self._loop.time() - self._due
        if not self._starts_up:
            self.maximum = max(self.maximum, late)
            self.total += late if late > INTERVAL else 0.0
