"""An event loop of asyncio's own that tells a recorder what it does.

Only public methods are overridden, and what they get is handed on: the tasks are asyncio's own, and
nothing of the user's is wrapped.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

from .recorder import Recorder
from .wakers import THREAD, Waker, waker_of_timer

_SHORTEST_IDLE = 0.00005
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class RecordedLoop(asyncio.SelectorEventLoop):
    """A selector loop that is recorded.

    Parameters
    ----------
    recorder
        What it tells; it must be made in the thread in which the loop will run.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._home = threading.get_ident()
        super().__init__(_IdleSelector(recorder))

    def time(self) -> float:
        """Return the loop's time: that of the recording, which stops while something is noted."""
        return self._recorder.clock.now()

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Put a callback, or a step of a task, into the queue of what is ready."""
        recorder = self._recorder
        noted: Any = callback
        if recorder.is_on:
            task = _task_of(callback)
            step = None if task is None else recorder.schedule_step(task, sys._getframe(1))
            if step is not None:
                noted = _Step(recorder, callback, *step)
            else:
                noted = _Callback(recorder, callback, recorder.current)
        return super().call_soon(noted, *args, context=context)

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Put a callback into the queue from any thread."""
        recorder = self._recorder
        noted: Any = callback
        if recorder.is_on:
            is_here = threading.get_ident() == self._home
            noted = _Callback(recorder, callback, recorder.current if is_here else THREAD)
        return super().call_soon_threadsafe(noted, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Set a timer."""
        recorder = self._recorder
        if not recorder.is_on:
            return super().call_at(when, callback, *args, context=context)
        waker = waker_of_timer(callback, when=when, now=self.time())
        noted: Any = _Callback(recorder, callback, waker)
        handle = super().call_at(when, noted, *args, context=context)
        recorder.note_timer(handle, callback, sys._getframe(1), when)
        return handle

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function in a thread."""
        future = super().run_in_executor(executor, func, *args)
        self._recorder.note_thread(future, func)
        return future


class _Callback:
    """A callback that knows what was going on when it was scheduled: it follows from that."""

    __slots__ = ("_callback", "_recorder", "_waker")

    def __init__(
        self, recorder: Recorder, callback: Callable[..., object], waker: Waker | None
    ) -> None:
        self._recorder, self._callback, self._waker = recorder, callback, waker

    def __call__(self, *args: Any) -> None:
        recorder = self._recorder
        recorder.current = self._waker
        try:
            self._callback(*args)
        finally:
            recorder.current = None


class _Step:
    """A step of a task in the loop's queue."""

    __slots__ = ("_callback", "_noted", "_recorder")

    def __init__(
        self,
        recorder: Recorder,
        callback: Callable[..., object],
        number: int,
        ready: float,
        waker: Waker,
    ) -> None:
        self._recorder, self._callback = recorder, callback
        self._noted = (number, ready, waker)

    def __call__(self, *args: Any) -> None:
        is_recorded = self._recorder.begin(*self._noted)
        try:
            self._callback(*args)
        finally:
            if is_recorded:
                self._recorder.end()


class _IdleSelector(selectors.DefaultSelector):
    """Notes how long the loop slept."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        clock = self._recorder.clock
        began = clock.now()
        events = super().select(timeout)
        ended = clock.now()
        if ended - began >= _SHORTEST_IDLE and self._recorder.is_on:
            self._recorder.idle.append((began, ended))
        return events


def _task_of(callback: Any) -> Any:
    """Return the task whose step a callback is; None if it is another one.

    asyncio finds it in the same way, for its debug messages. A step is no public method, as
    ``task.cancel`` is.
    """
    owner = getattr(callback, "__self__", None)
    if not hasattr(owner, "get_coro"):
        return None
    name = getattr(callback, "__name__", "")
    return None if name and hasattr(owner, name) else owner
