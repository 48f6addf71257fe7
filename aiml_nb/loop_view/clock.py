"""A clock that stands still while a step is recorded."""

from __future__ import annotations

from time import perf_counter


class Clock:
    """Seconds since it was begun, without those of ``with clock as now:`` blocks.

    A recorded loop tells its own time by it too: a sleep is as long as it was asked to be, however
    long the recording takes.

    Attributes
    ----------
    overhead
        Seconds that were left out. What takes time outside of such a block may be added.
    """

    __slots__ = ("_began", "_depth", "_latest", "overhead")

    def __init__(self) -> None:
        self._depth = 0
        self.begin()

    def begin(self) -> None:
        """Begin at 0."""
        self.overhead, self._latest, self._began = 0.0, 0.0, perf_counter()

    def now(self) -> float:
        """Return the time; within a block it is that at which the outermost began."""
        if not self._depth:
            # What was added is an estimate: time must not go back for that.
            self._latest = max(self._latest, perf_counter() - self._began - self.overhead)
        return self._latest

    def __enter__(self) -> float:
        now = self.now()
        self._depth += 1
        return now

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            self.overhead = perf_counter() - self._began - self._latest
