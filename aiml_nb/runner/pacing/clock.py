"""Time and randomness of a run, in one object that tests replace."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from contextlib import suppress


class Clock:
    """The system's clock and a random generator.

    Parameters
    ----------
    seed
        Of the random waits between attempts; None makes them differ in each run.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311  jitter, not a secret

    def now(self) -> float:
        """Return the seconds of a clock that never goes back."""
        return time.perf_counter()

    def draw(self, most: float) -> float:
        """Return a uniform random number between 0 and `most`."""
        return self._random.uniform(0, most)

    def sleep(self, seconds: float, wake: threading.Event) -> None:
        """Block for `seconds`, or until `wake` is set."""
        wake.wait(seconds)

    async def sleep_async(self, seconds: float, wake: asyncio.Event) -> None:
        """Sleep without blocking the loop for `seconds`, or until `wake` is set."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await wake.wait()
