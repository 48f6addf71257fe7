"""Which function of the user's held an event loop, and for how long.

A thread looks every few milliseconds at what all others are doing. The step of an event loop that
is found again and again is held by the function of the user's that is called in it.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, chain, islice, repeat
from operator import itemgetter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from ..no_collection import no_collection

INTERVAL = 0.01  # seconds between two looks at a step that has been seen before
_FIRST_INTERVAL = 0.02  # between others: each look takes the interpreter from the code it looks at
HELD = 0.1  # seconds from which a step counts: shorter ones any program has on a busy machine
# The process was stopped if it did next to nothing in so many seconds between two looks.
STOPPED = 0.5
_IDLE = 0.2  # of a processor
_MAX_DEPTH = 300
_CLIENTS = os.path.join("openai", "_base_client.py")
STEP = asyncio.events.Handle._run.__code__
# Where the user's own code is not.
_LIBRARIES = ("site-packages", "dist-packages", "<frozen", "<string>")

_IMPORT = "<frozen importlib"

# Function, file, line, and whether a client is being made there.
Place = tuple[str, str, int, bool]


@dataclass(slots=True)
class Held:
    """A step of an event loop that took long.

    Parameters
    ----------
    function, file, line
        Where the user's code stood.
    started
        ``perf_counter`` seconds.
    duration
        Seconds.
    makes_client
        It was making a client at the time, which loads certificates. Such a step may be short:
        who makes one for each call loses much by many.
    """

    function: str
    file: str
    line: int
    makes_client: bool
    started: float
    duration: float


@dataclass(slots=True)
class _Step:
    """A step of a loop that goes on: the frame that it is known by, and where it stood.

    Seconds for which a client was made are those of the looks that found it so.
    """

    frame: FrameType
    started: float
    last: float
    place: Place | None
    maker: Place | None = None
    making: float = 0.0


class LoopWatcher:
    """Looks at all event loops while the ``with`` block lasts.

    Attributes
    ----------
    held
        The steps that took long, in the order in which they ended.
    stops
        Seconds for which the whole process was stopped, each time: that is nobody's step.
    """

    def __init__(self) -> None:
        self.held: list[Held] = []
        self.stops: list[float] = []
        self._steps: dict[int, _Step] = {}
        self._interval = _FIRST_INTERVAL
        self._since = INTERVAL  # the last look but one
        self._end = threading.Lock()  # a wait for an Event takes longer than a look
        self._thread = threading.Thread(target=self._look, name="aiml_nb watch", daemon=True)

    def __enter__(self) -> LoopWatcher:
        self._end.acquire()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.release()
        self._thread.join()
        for thread in list(self._steps):
            self._close(thread)

    def _look(self) -> None:
        at, worked = time.perf_counter(), time.process_time()
        while not self._end.acquire(timeout=self._interval):
            before, worked_before = at, worked
            at, worked = time.perf_counter(), time.process_time()
            self._since = at - before
            # Code that keeps even this thread from looking works all the time.
            if at - before > STOPPED and worked - worked_before < _IDLE * (at - before):
                self._note_stop(at - before)
            self._look_once()

    def _note_stop(self, seconds: float) -> None:
        self.stops.append(seconds)
        self._since = INTERVAL
        for step in self._steps.values():
            step.started += seconds
            step.last += seconds

    def _look_once(self) -> None:
        """Look at all threads but this; no frame outlives the look, nor what a user has in it."""
        self._interval = _FIRST_INTERVAL
        threads = sys._current_frames().keys() - {threading.get_ident()}
        for thread in threads:
            self._take(thread, read_stack(thread), time.perf_counter())
        for thread in self._steps.keys() - threads:
            self._close(thread)

    def _take(self, thread: int, stack: list[FrameType], at: float) -> None:
        """Take one look at a thread."""
        step = next((each for each in stack if each.f_code is STEP), None)
        known = self._steps.get(thread)
        if known is not None and (step is None or step is not known.frame):
            self._close(thread)
            known = None
        if step is None:
            return
        place = find_place(stack, step)
        if known is None:
            known = self._steps[thread] = _Step(step, at, at, None)
        else:  # where a step stands is only of interest if it has been seen before
            self._interval = INTERVAL
            if place is not None:
                known.last, known.place = at, place
            elif known.place is None:
                known.started = at
        if place is not None and place[-1]:
            # Many such steps are shorter than the time between two looks, and no look finds them:
            # each that does stands for all of the time since the one before.
            known.maker, known.making = place, known.making + self._since

    def _close(self, thread: int) -> None:
        step = self._steps.pop(thread)
        duration = step.last - step.started
        if duration >= HELD and step.place is not None:
            self.held.append(Held(*step.place, started=step.started, duration=duration))
        elif step.maker is not None:
            self.held.append(Held(*step.maker, started=step.started, duration=step.making))


def read_stack(thread: int) -> list[FrameType]:
    """Return the frames of another thread, the innermost first.

    One call of C does it all. Between two steps in Python the thread would go on, and what a frame
    says of its caller is wrong once it has been left; the interpreter may even crash.
    """
    innermost = map(itemgetter(thread), islice(iter(sys._current_frames, None), 1))
    stack: list[Any] = []
    # A collection would run finalizers, which are Python; the errors are those of the last frame,
    # and of a thread that has ended.
    with no_collection(), suppress(AttributeError, KeyError):
        stack.extend(accumulate(chain(innermost, repeat("f_back", _MAX_DEPTH)), getattr))
    return stack[:-1] if stack and stack[-1] is None else stack


def find_place(stack: list[FrameType], step: FrameType) -> Place | None:
    """Return the function of the user's that holds a step, if a coroutine calls it.

    What a library does while it is awaited is not the user's, nor is it held by the code of a cell
    itself, which the kernel's own loop runs.
    """
    found: FrameType | None = None
    makes_client = False
    for each in stack:
        code = each.f_code
        makes_client |= code.co_name == "__init__" and code.co_filename.endswith(_CLIENTS)
        is_own = is_users(code)
        is_import = code.co_filename.startswith(_IMPORT)  # done once, and not to be awaited
        if each is step or is_import or (is_own and code.co_name == "<module>"):
            return None
        if is_own:
            found = found or each
        if code.co_flags & inspect.CO_COROUTINE:
            break
    if found is None:
        return None
    held = found.f_code
    return held.co_name, held.co_filename, found.f_lineno, makes_client


def is_users(code: CodeType) -> bool:
    """Tell whether code is the user's own: not of the standard library, a package, or ours."""
    file = code.co_filename
    return not file.startswith(_ELSEWHERE) and not any(part in file for part in _LIBRARIES)


# The standard library, and this package.
_ELSEWHERE = tuple(str(Path(each).parent.parent) + os.sep for each in (asyncio.__file__, __file__))
