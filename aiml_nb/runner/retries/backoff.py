"""The sleeps of a call between attempts and before admission; a stopped run ends them all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from ..limits.limiter import AdaptiveLimiter
from ..limits.slots import lent_slot
from ..pacing.clock import Clock


class Backoff:
    """Sleeps that end when the run is stopped.

    Parameters
    ----------
    clock
        Does the sleeping.
    now
        Returns the seconds since the run's origin.
    limiter
        Counts a call that backs off as in flight for a while.
    """

    def __init__(self, clock: Clock, now: Callable[[], float], limiter: AdaptiveLimiter) -> None:
        self._clock, self._now, self._limiter = clock, now, limiter
        self._wake = threading.Event()
        self._wake_async = asyncio.Event()

    def wake(self) -> None:
        """End all sleeps, now and from now on."""
        self._wake.set()
        self._wake_async.set()

    def wait(self, seconds: float) -> None:
        """Wait for the next attempt; the first part of the wait counts as in flight."""
        ends = self._now() + seconds
        self.sleep(min(seconds, self._limiter.typical_duration))
        self._limiter.release_delayed()
        if (left := ends - self._now()) > 0:
            self.sleep(left)

    async def wait_async(self, seconds: float) -> None:
        """Wait as `wait`, and lend the strategy's slot to another call for the second part."""
        ends = self._now() + seconds
        await self.sleep_async(min(seconds, self._limiter.typical_duration))
        self._limiter.release_delayed()
        if (left := ends - self._now()) > 0 and not self._wake_async.is_set():
            with lent_slot():
                await self.sleep_async(left)

    def sleep(self, seconds: float) -> None:
        """Sleep, blocking the thread."""
        self._clock.sleep(seconds, self._wake)

    async def sleep_async(self, seconds: float) -> None:
        """Sleep, leaving the loop free."""
        await self._clock.sleep_async(seconds, self._wake_async)
