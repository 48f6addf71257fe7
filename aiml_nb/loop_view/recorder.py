"""Writes down each step of each task of a loop, while it runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from ..watching.blocked import is_users
from .await_chain import await_chain, users_part
from .clock import Clock
from .lines import LineTracer, Place, only_return
from .started import Started, see_start
from .waits import Wait, describe_wait, function_name
from .wakers import SOCKET, START, Waker, is_users_timeout, whole_milliseconds

MAX_TASKS = 200  # more cannot be looked at
_MAX_PRINTED = 500  # characters of a step


@dataclass(slots=True)
class Step:
    """One step of a task: from where it goes on until it waits again, or ends."""

    task: int
    ready: float
    waker: Waker
    start: float
    end: float | None = None
    place: Place | None = None
    lines: list[Place] = field(default_factory=list)
    slowest: Place | None = None
    seen: dict[Place, float] = field(default_factory=dict)
    wait: Wait | None = None
    timeout: tuple[float, float] | None = None
    is_last: bool = False
    queue: list[int] = field(default_factory=list)
    printed: str = ""
    forked_at: Place | None = None


@dataclass(slots=True)
class TaskNotes:
    """What is known of a task."""

    task: Any
    started: Started
    created: float
    steps: list[Step] = field(default_factory=list)
    # Those of `asyncio.timeout` and `wait_for` that it is in: their handles, seconds, when due.
    timeouts: list[tuple[Any, float, float]] = field(default_factory=list)


class Recorder:
    """What a recorded loop tells of itself, all in the loop's own thread.

    Parameters
    ----------
    max_steps
        After so many steps `on_full` is called.
    on_full
        Ends the recording.
    """

    def __init__(self, max_steps: int, on_full: Callable[[], None]) -> None:
        self.clock = Clock()
        self.tasks: list[TaskNotes] = []
        self.steps: list[Step] = []
        self.idle: list[tuple[float, float]] = []
        self.lines = LineTracer(self.clock)
        self.now_running: Step | None = None
        self.current: Waker | None = None
        self.is_on, self.has_others, self.has_nested = True, False, False
        self.process = os.getpid()
        self._looked = 0.0
        self._ready: list[int] = []
        self._numbers: dict[int, int] = {}
        self._threads: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self._max_steps, self._on_full = max_steps, on_full

    def schedule_step(self, task: Any, frame: FrameType) -> tuple[int, float, Waker] | None:
        """Take that a step of a task is put into the loop's queue; None if there are too many."""
        with self.clock as now:
            number = self._numbers.get(id(task))
            if number is None:
                if len(self.tasks) >= MAX_TASKS:
                    self.has_others = True
                    return None
                number = self._numbers[id(task)] = len(self.tasks)
                is_root = self.current is START
                by = self.current.task if self.current else None
                started = see_start(task, frame, by=by, is_root=is_root)
                self.tasks.append(TaskNotes(task, started, now))
            self._ready.append(number)
            return number, now, self._waker_of(number)

    def begin(self, number: int, ready: float, waker: Waker) -> bool:
        """Begin a step; False if it is not to be recorded."""
        with self.clock as now:
            self._ready.remove(number)
            # None within another one, which a loop that is run in itself makes.
            self.has_nested |= self.is_on and self.now_running is not None
            if self.now_running is not None or not self.is_on:
                return False
            if len(self.steps) >= self._max_steps:
                self._on_full()
                return False
            self.now_running = step = Step(number, ready, waker, now)
            self.current = Waker("task", number)
            self.steps.append(step)
            self.tasks[number].steps.append(step)
            self.lines.begin(now)
        return True

    def end(self) -> None:
        """End the step that runs."""
        with self.clock as now:
            step, self.now_running, self.current = self.now_running, None, None
            if os.getpid() != self.process:
                os._exit(0)  # a child of a fork: the loop and its connections are its parent's
            if step is None or not self.is_on:
                return
            self.lines.end(now)
            step.end, step.lines, step.slowest = now, list(self.lines.lines), self.lines.slowest
            self._look_at_pause(step, now)
            step.queue = list(self._ready)

    def note_timer(self, handle: Any, callback: Any, frame: FrameType, due: float) -> None:
        """Take that a timer is set; that of a timeout belongs to the task that sets it."""
        with self.clock as now:
            if self.now_running and is_users_timeout(callback, frame):
                notes = self.tasks[self.now_running.task]
                notes.timeouts.append((handle, whole_milliseconds(due - now), due))

    def note_thread(self, future: Any, function: Any) -> None:
        """Take that a function is run in a thread for a future."""
        self._threads[future] = function_name(function)

    def note_printed(self, text: str) -> None:
        """Take what is printed in a step."""
        if (step := self.now_running) is not None:
            step.printed = (step.printed + text)[:_MAX_PRINTED]

    def note_fork(self) -> None:
        """Take that the step has made another process."""
        if (step := self.now_running) is not None:
            step.forked_at = self.lines.last

    def note_seen(self, stack: list[FrameType]) -> None:
        """Take a look at the loop's thread, from another one.

        What is seen stands for the time since the look before: code that does not let other
        threads run is seen at its end.
        """
        before, self._looked = self._looked, self.clock.now()
        step = self.now_running
        frame = next((each for each in stack if is_users(each.f_code)), None)
        if step is not None and frame is not None:
            place = (frame.f_code, frame.f_lineno)
            seconds = self._looked - max(before, step.start)
            step.seen[place] = step.seen.get(place, 0.0) + seconds

    def freeze(self) -> None:
        """Write down nothing more; the step that runs stays as it is now."""
        self.is_on = False
        if (step := self.now_running) is not None and step.end is None:
            step.end, step.lines = self.clock.now(), list(self.lines.lines)
            step.place = max(step.seen, key=step.seen.__getitem__, default=self.lines.last)
            step.queue = list(self._ready)

    def forget(self) -> None:
        """Let go of the tasks, and of what they hold."""
        self.tasks.clear()
        self.steps.clear()
        self._numbers.clear()

    def number_of(self, future: Any) -> int | None:
        """Return the number of a task; None if it is none that has been recorded."""
        return self._numbers.get(id(future))

    def _waker_of(self, number: int) -> Waker:
        waker = self.current or SOCKET
        if waker.kind == "task" and waker.task == number:
            return Waker("turn")
        if not self.tasks[number].steps:
            return Waker("start", waker.task if waker.kind == "task" else None)
        if self.tasks[number].task.cancelling() and waker.kind == "task":
            return waker._replace(kind="cancel")
        return waker

    def _look_at_pause(self, step: Step, now: float) -> None:
        """See where the task is paused, and what it waits for."""
        notes = self.tasks[step.task]
        step.place = self.lines.last
        if notes.task.done():
            step.is_last = True
            if self.lines.is_cut and step.place:
                code, line = step.place
                step.place = (code, only_return(code, line) or line)
            return
        future = getattr(notes.task, "_fut_waiter", None)
        own, rest = users_part(await_chain(notes.task.get_coro()))
        step.place = (own.f_code, own.f_lineno) if own else None
        thread = self._threads.get(future) if future is not None else None
        step.wait = describe_wait(rest, future, thread)
        notes.timeouts = [
            each for each in notes.timeouts if each[2] > now and not each[0].cancelled()
        ]
        step.timeout = min(
            (each[1:] for each in notes.timeouts), key=lambda each: each[1], default=None
        )
