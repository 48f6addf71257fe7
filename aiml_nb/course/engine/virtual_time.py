"""`VirtualTimeLoop`: an event loop in which waiting takes no time, so that checks are exact."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from selectors import DefaultSelector, SelectorKey
from types import FrameType
from typing import Any


class _SkippingSelector(DefaultSelector):
    """Polls where an event loop would wait, and adds up the seconds that were not waited."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        if timeout is None:  # no timer is set: only a thread or a socket can wake the loop
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.skipped += max(0.0, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Jumps to the next timer instead of waiting for it.

    The clock stands still while code runs, so durations and their order are exact on a machine
    of any load. For code that waits with asyncio alone: what a thread does takes no time here.
    """

    def __init__(self) -> None:
        self._skipping = _SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Return the seconds that the loop has skipped."""
        return self._skipping.skipped

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait for threads as long as they take: a timeout would be over at once."""
        await super().shutdown_default_executor()


class SleptError(BaseException):
    """The learner's code has called ``time.sleep`` in a loop of virtual time."""


@contextmanager
def noting_sleeps(
    noted: list[FrameType], *, error: type[BaseException] | None = None
) -> Iterator[None]:
    """Note each call of ``time.sleep`` in this thread: it holds the loop, and no clock shows it.

    Parameters
    ----------
    noted
        Gets the frame that calls it.
    error
        Raised in the first that does, instead of sleeping; None lets all sleep.
    """

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call" and argument is time.sleep:
            noted.append(frame)
            if error is not None:
                raise error

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)
