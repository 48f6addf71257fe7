"""Time and chance, as a run meets them; tests put others in their place."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from contextlib import suppress


class Clock:
    """The real clock, and real chance.

    Parameters
    ----------
    seed
        Draws the waits between attempts; None draws anew each time.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311  jitter, not a secret

    def now(self) -> float:
        """Return seconds that never go back."""
        return time.perf_counter()

    def draw(self, most: float) -> float:
        """Return a number between 0 and `most`, all equally likely."""
        return self._random.uniform(0, most)

    def sleep(self, seconds: float, wake: threading.Event) -> None:
        """Block for `seconds`, or until `wake` is set."""
        wake.wait(seconds)

    async def sleep_async(self, seconds: float, wake: asyncio.Event) -> None:
        """Let others go on for `seconds`, or until `wake` is set."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await wake.wait()
