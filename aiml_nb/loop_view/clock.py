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
        Seconds that were left out.
    """

    __slots__ = ("_began", "_depth", "_stopped", "overhead")

    def __init__(self) -> None:
        self.overhead = 0.0
        self._began = perf_counter()
        self._depth, self._stopped = 0, 0.0

    def begin(self) -> None:
        """Begin at 0."""
        self.overhead, self._began = 0.0, perf_counter()

    def now(self) -> float:
        """Return the time; within a block it is that at which the outermost began."""
        real = self._stopped if self._depth else perf_counter()
        return real - self._began - self.overhead

    @staticmethod
    def real() -> float:
        """Return the time by a clock that never stops."""
        return perf_counter()

    def __enter__(self) -> float:
        if not self._depth:
            self._stopped = perf_counter()
        self._depth += 1
        return self._stopped - self._began - self.overhead

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            self.overhead += perf_counter() - self._stopped
