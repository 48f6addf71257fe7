"""Measure how late the event loop runs, with a timer that also keeps it interruptible."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType

INTERVAL = 0.02
LONG = 0.1  # seconds from which a delay is kept: shorter ones any program has on a busy machine


class LoopLag:
    """Measure how late the running loop wakes up, while the ``async with`` lasts.

    A timer fires every 20 ms. It is also what makes an awaited cell interruptible: a kernel
    notices the stop button only when its loop runs, and while a cell awaits one long answer the
    loop would sleep until the answer arrives.

    Attributes
    ----------
    maximum
        The longest delay of the timer, in seconds. Current at any time, final after the block.
    delays
        The longer ones: when the timer was due, in ``perf_counter`` seconds, and how late it was.
    total
        The sum of all delays above 20 ms, in seconds; shorter ones occur on any machine.

    Examples
    --------
    >>> async with LoopLag() as lag:
    ...     await work()
    >>> lag.maximum
    0.0007
    """

    def __init__(self) -> None:
        self.maximum = self.total = 0.0
        self.delays: list[tuple[float, float]] = []
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
        # If the loop was blocked until the end, the timer could not fire.
        self._measure()

    def begin_again(self) -> None:
        """Forget the delays so far, and ignore the next one: it comes from starting the run."""
        self.maximum = self.total = 0.0
        self.delays = []
        self._starts_up = True

    @property
    def overdue(self) -> float:
        """By how much the timer is late at this moment, in seconds; asked by other threads."""
        return self._loop.time() - self._due

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
            if late >= LONG:
                self.delays.append((time.perf_counter() - late, late))
