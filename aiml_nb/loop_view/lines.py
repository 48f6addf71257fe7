"""Which lines of the user's code a step runs, and where it spends its time.

``sys.settrace`` is a matter of one thread: nothing but the recorded loop becomes slower. It calls
back for each line, so that the line which blocks is known exactly; a step that runs very many of
them, or much of a library's code, is left alone after a while, and the thread that waits for the
recording looks at it instead.
"""

from __future__ import annotations

import dis
import sys
from operator import itemgetter
from time import perf_counter
from types import CodeType, FrameType
from typing import Any

from ..loop.thread_errors import allow_tracing
from ..watching.blocked import is_users
from .clock import Clock

Place = tuple[CodeType, int]
_MAX_EVENTS = 2_000  # of one step
_MAX_KEPT = 400
# Of a step: traced, the code of libraries takes two to three times as long, lines or not.
_MAX_LIBRARY_CALLS = 300
# By the names of their files: to compare code objects takes much longer.
_are_users: dict[str, bool] = {}


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
        self._times: dict[tuple[int, int], tuple[float, Place]] = {}
        self._events = self._library_calls = 0
        self._is_off = True
        # Who traces already, as a debugger or a measure of coverage, goes on.
        self._is_free = sys.gettrace() is None
        self._cost = 0.0
        if self._is_free:
            self._cost = self._measure()

    def begin(self, now: float) -> None:
        """Begin with a step."""
        self.lines, self.last, self._times = [], None, {}
        self._events, self._library_calls, self._since = 0, 0, now
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
    def is_cut(self) -> bool:
        """Whether the step has run more than was traced."""
        return self._is_off or not self._is_free

    @property
    def slowest(self) -> Place | None:
        """The line in which most of the step's time went; None if that is not known."""
        if not self._times or self.is_cut:
            return None
        return max(self._times.values(), key=itemgetter(0))[1]

    def _trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Take that a function is called, or goes on after an ``await``."""
        code = frame.f_code
        is_own = _are_users.get(code.co_filename)
        if is_own is None:
            is_own = _are_users[code.co_filename] = is_users(code)
        if is_own:
            return self._note(frame, event, arg)
        self._clock.overhead += self._cost
        self._library_calls += 1
        if self._library_calls > _MAX_LIBRARY_CALLS:
            self.stop()
        return None

    def _note(self, frame: FrameType, event: str, arg: Any) -> Any:
        with self._clock as now:
            self._events += 1
            if event == "return":
                caller = frame.f_back
                is_own = caller is not None and _are_users.get(caller.f_code.co_filename)
                self._pass_to((caller.f_code, caller.f_lineno) if is_own and caller else None, now)
            elif event != "exception":
                self._pass_to((frame.f_code, frame.f_lineno), now)
                if event == "line" and len(self.lines) < _MAX_KEPT and self.last:
                    self.lines.append(self.last)
            if self._events > _MAX_EVENTS:
                frame.f_trace = None
                self.stop()
                return None
            self._clock.overhead += self._cost
        return self._note

    def _measure(self) -> float:
        """Return how long Python takes to call back, in seconds."""
        allow_tracing()
        sys.settrace(self._trace)
        traced = _time_calls()
        sys.settrace(None)
        return max(0.0, traced - _time_calls())

    def _pass_to(self, place: Place | None, now: float) -> None:
        if self.last is not None:
            key = (id(self.last[0]), self.last[1])
            before, _ = self._times.get(key, (0.0, None))
            self._times[key] = (before + now - self._since, self.last)
        self._since = now
        self.last = place or self.last


def only_return(code: CodeType, line: int) -> int | None:
    """Return the line of the only ``return`` from a line on; None if there are several."""
    after = set()
    current = code.co_firstlineno
    for each in dis.get_instructions(code):
        current = getattr(each, "line_number", None) or each.starts_line or current
        if each.opname.startswith("RETURN_") and each.opname != "RETURN_GENERATOR":
            after.add(int(current))
    after = {each for each in after if each >= line}
    return after.pop() if len(after) == 1 else None


def _time_calls() -> float:
    """Return how long a call of a function takes that does nothing."""
    times = []
    for _ in range(3):
        began = perf_counter()
        for _ in range(100):
            _do_nothing()
        times.append(perf_counter() - began)
    return min(times) / 100


def _do_nothing() -> None:
    pass
