"""The deadlines of all attempts in flight, kept by one timer of the event loop.

`asyncio.timeout` makes a timer for each block. At some thousand calls a second that was a tenth of
what a run adds to a call, for timeouts that hardly ever fire.
"""

from __future__ import annotations

import asyncio
import math
from types import TracebackType

from ...endpoint.transport.guard import READ_GRACE, STOPPED_AFTER

MAX_SLEEP = 1.0  # seconds; the timer left over by a finished run fires once more and is gone


class SharedTimer:
    """One timer for many deadlines; it is set for the earliest."""

    def __init__(self) -> None:
        self.running: set[Deadline] = set()
        self._due = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def add(self, deadline: Deadline, now: float) -> None:
        """Add the deadline of a block that begins."""
        self.running.add(deadline)
        if deadline.at < self._due:
            self._set_timer(deadline.at, now)

    def _set_timer(self, at: float, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = min(at, now + MAX_SLEEP)
        self._timer = asyncio.get_running_loop().call_at(self._due, self._fire)

    def _fire(self) -> None:
        """End the blocks that are late, and set the timer for the rest."""
        now = asyncio.get_running_loop().time()
        # After a stop of the process (Ctrl-Z, a sleeping laptop) the answers may be waiting in the
        # sockets: each block gets a moment to read them.
        was_stopped = now - self._due > STOPPED_AFTER
        for deadline in [each for each in self.running if each.at <= now]:
            if not (was_stopped and deadline.extend(now + READ_GRACE)):
                deadline.end()
        self._timer, self._due = None, math.inf
        if self.running:
            self._set_timer(min(each.at for each in self.running), now)


class Deadline:
    """A ``with`` block of a task that raises TimeoutError if it takes too long.

    Parameters
    ----------
    deadlines
        The timer that ends it.
    seconds
        The time limit, from the block's beginning.
    """

    __slots__ = (
        "_cancelled_before",
        "_deadlines",
        "_is_extended",
        "_is_late",
        "_task",
        "at",
        "seconds",
    )

    def __init__(self, deadlines: SharedTimer, seconds: float) -> None:
        self._deadlines = deadlines
        self.seconds = seconds
        self._is_late = self._is_extended = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("A deadline needs a task to end.")
        self._task, self._cancelled_before = task, task.cancelling()
        now = task.get_loop().time()
        self.at = now + self.seconds
        self._deadlines.add(self, now)

    def extend(self, at: float) -> bool:
        """Move the deadline to `at`, once; return False if it was moved before."""
        if self._is_extended:
            return False
        self._is_extended, self.at = True, at
        return True

    def end(self) -> None:
        """End the block: cancel its task."""
        self._is_late = True
        self._deadlines.running.discard(self)
        self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._deadlines.running.discard(self)
        # As in asyncio.timeout: if the task was cancelled from elsewhere as well, that
        # cancellation must go on and not become a TimeoutError.
        is_ours = self._is_late and self._task.uncancel() <= self._cancelled_before
        if is_ours and kind is asyncio.CancelledError:
            raise TimeoutError from error
