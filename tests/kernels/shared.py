"""One kernel per environment for many tests, made anew where one of them failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from .driver import LAUNCH_UVLOOP, Kernel
from .environments import UVLOOP, Environment
from .runs import StoppedRun, press_stop


def start(environment: Environment) -> Kernel:
    """Start a kernel, on uvloop where that is the environment's loop."""
    return Kernel(environment, launch=LAUNCH_UVLOOP if environment is UVLOOP else None)


class Kernels:
    """The kernels that have been started, all in the same way."""

    def __init__(self, start: Callable[[Environment], Kernel] = start) -> None:
        self._start = start
        self._started: dict[Environment, Kernel] = {}

    def __enter__(self) -> Kernels:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for environment in list(self._started):
            self._end(environment)

    @contextmanager
    def on(self, environment: Environment) -> Iterator[Kernel]:
        """Lend the kernel of an environment; after a failure the next one gets a new kernel."""
        if environment not in self._started:
            self._started[environment] = self._start(environment)
        try:
            yield self._started[environment]
        except BaseException:
            self._end(environment)
            raise

    def press_stop(self, environment: Environment, kind: str) -> StoppedRun:
        """Measure as `runs.press_stop`."""
        with self.on(environment) as kernel:
            stopped = press_stop(kernel, kind)
        if set(stopped.next_outcomes) != {"ok"}:
            self._end(environment)
        return stopped

    def _end(self, environment: Environment) -> None:
        self._started.pop(environment).__exit__(None, None, None)
