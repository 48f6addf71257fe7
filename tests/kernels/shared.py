"""One kernel per environment for many measurements, made anew where it does not answer."""

from __future__ import annotations

from types import TracebackType

from .driver import LAUNCH_UVLOOP, Kernel
from .environments import UVLOOP, Environment
from .runs import StoppedRun, press_stop


class Kernels:
    """The kernels that have been started."""

    def __init__(self) -> None:
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

    def press_stop(self, environment: Environment, kind: str) -> StoppedRun:
        """Measure as `runs.press_stop`."""
        if environment not in self._started:
            launch = LAUNCH_UVLOOP if environment is UVLOOP else None
            self._started[environment] = Kernel(environment, launch=launch)
        try:
            stopped = press_stop(self._started[environment], kind)
        except BaseException:
            self._end(environment)
            raise
        if set(stopped.next_outcomes) != {"ok"}:
            self._end(environment)
        return stopped

    def _end(self, environment: Environment) -> None:
        self._started.pop(environment).__exit__(None, None, None)
