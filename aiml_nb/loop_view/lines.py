"""Which lines of the user's code a step runs, and where it spends its time.

``sys.settrace`` is a matter of one thread: nothing but the recorded loop becomes slower. It calls
back for each line, so that the line which blocks is known exactly; a step that runs very many of
them is left alone after a while, and the thread that waits for the recording looks at it instead.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

from ..watching.blocked import is_users
from .clock import Clock

Place = tuple[CodeType, int]
_MAX_EVENTS = 2_000  # of one step
_MAX_KEPT = 400
_is_users = lru_cache(maxsize=4096)(is_users)


class LineTracer:
    """Traces the lines of the steps of a recorded loop, in its thread.

    Parameters
    ----------
    clock
        Stops while a line is written down.

    Attributes
    ----------
    lines
        Those that the step has run.
    last
        Where it was seen last; None if it has run no line of the user's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.lines: list[Place] = []
        self.last: Place | None = None
        self._since = 0.0
        self._times: dict[Place, float] = {}
        self._events = 0
        self._is_off = True
        # Who traces already, as a debugger or a measure of coverage, goes on.
        self._is_free = sys.gettrace() is None

    def begin(self, now: float) -> None:
        """Begin with a step."""
        self.lines, self.last, self._times = [], None, {}
        self._events, self._since = 0, now
        if self._is_off and self._is_free:
            self._is_off = False
            sys.settrace(self._trace)

    def end(self, now: float) -> None:
        """End a step: what has not been said of its time is said of the last line."""
        self._pass_to(None, now)

    def stop(self) -> None:
        """Trace no more."""
        if not self._is_off:
            sys.settrace(None)
            self._is_off = True

    @property
    def slowest(self) -> Place | None:
        """The line in which most of the step's time went; None if that is not known."""
        if not self._times or (self._is_off and self._is_free):
            return None
        return max(self._times, key=self._times.__getitem__)

    def _trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Take that a function is called, or goes on after an ``await``."""
        if not _is_users(frame.f_code):
            return None
        return self._note(frame, event, arg)

    def _note(self, frame: FrameType, event: str, arg: Any) -> Any:
        with self._clock as now:
            self._events += 1
            if event == "return":
                caller = frame.f_back
                is_own = caller is not None and _is_users(caller.f_code)
                place = (caller.f_code, caller.f_lineno) if is_own and caller else None
                self._pass_to(place or self.last, now)
            elif event != "exception":
                self._pass_to((frame.f_code, frame.f_lineno), now)
                if event == "line" and len(self.lines) < _MAX_KEPT and self.last:
                    self.lines.append(self.last)
            if self._events > _MAX_EVENTS:
                frame.f_trace = None
                self.stop()
                return None
        return self._note

    def _pass_to(self, place: Place | None, now: float) -> None:
        if self.last is not None:
            spent = now - self._since
            self._times[self.last] = self._times.get(self.last, 0.0) + spent
        self._since = now
        self.last = place or self.last
