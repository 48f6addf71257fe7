"""The stop button (SIGINT) while a run goes on in the main thread, where Python delivers it."""

from __future__ import annotations

import _thread
import asyncio
import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from .dropped import press_main_thread
from .waiting import (
    Interrupted,
    current_task,
    find_cell,
    in_main_thread,
    is_to_be_cancelled,
    raises_at_prompt,
)

# Seconds for a busy loop to finish its current callback; short enough to feel like one press.
PATIENCE = 0.5

_presses = 0
# The handler of the program around a run, after it was called: the program may be about to end.
_ending: Any = None


def note_press() -> None:
    """Count a press of the stop button."""
    global _presses
    _presses += 1


def count_presses() -> int:
    """Return the number of presses so far."""
    return _presses


class Interruptible:
    """Handle SIGINT in this ``with`` block: the first press cancels, the second raises at once.

    IPython's own handler must not stay installed: it cancels the task of the waiting cell in the
    middle of a step, and the cell never replies. If the loop does not run within 0.5 s of the first
    press, a coroutine blocks it, and a second press is sent automatically. A press also ends the
    runs that this one is nested in, and the cell or program that waits for them.
    Outside the main thread, where Python delivers no signals, this does nothing.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop | None, cancel: Callable[[], object]
    ) -> None:
        self.hits = 0
        self.turned = False
        self._loop = loop
        self._cancel = cancel
        self._previous: Any = None
        self._is_at_prompt = True
        self._has_told = False
        self._open = True
        self._has_closed = False
        # Not a threading.Lock method in a signal handler: only the two ends below take it.
        self._closing = _thread.allocate_lock()

    def __enter__(self) -> Interruptible:
        if in_main_thread():
            previous = signal.getsignal(signal.SIGINT)
            # None means a handler installed by C code, which Python could not restore.
            if previous is not None and self._replaces(previous):
                self._is_at_prompt = raises_at_prompt()
                self._previous = previous
                signal.signal(signal.SIGINT, self._hit)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open = False
        with self._closing:  # a press that is just being sent must arrive here, not in outer code
            pass
        # Runs in several tasks may overlap: then another one's handler is installed, and stays.
        if self._previous is not None and signal.getsignal(signal.SIGINT) == self._hit:
            signal.signal(signal.SIGINT, self._beneath())
        self._has_closed = True
        if self.hits or isinstance(error, KeyboardInterrupt):
            self._end_what_waits()
            expected = isinstance(error, asyncio.CancelledError | KeyboardInterrupt)
            # A new exception: a notebook takes a second to render the traceback of the old one.
            raise self._kind(error) from (None if expected else error)

    def hear(self) -> None:
        """Handle the first press, of this run or of one nested in it."""
        if self.hits or not self._open:
            return
        self.hits = 1
        if self._outer is not None:
            self._outer.hear()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._turn)

    def _hit(self, number: int, frame: FrameType | None) -> None:
        if self._has_closed:
            if callable(beneath := self._beneath()):
                beneath(number, frame)
            return
        note_press()
        if not self._open:  # `__exit__` is running, and raises
            self.hits += 1
            return
        if self.hits:
            raise KeyboardInterrupt
        self.hear()
        # threading.Thread would take locks that the interrupted code may hold.
        _thread.start_new_thread(self._press_again, ())

    def _turn(self) -> None:
        self.turned = True
        self._cancel()
        self._end_what_waits()

    def _press_again(self) -> None:
        time.sleep(PATIENCE)
        with self._closing:
            if not self._open or self.turned:
                return
            press_main_thread()

    def _end_what_waits(self) -> None:
        """End the cell or program around the run, which would otherwise go on with the next."""
        global _ending
        if self._is_at_prompt or self._has_told:  # an exception at the prompt ends it anyway
            return
        self._has_told = True
        beneath, outer = self._beneath(), self._outer
        loop = self._loop or asyncio._get_running_loop()
        cell = find_cell(loop)
        if outer is not None:
            outer.hear()
        elif cell is not None:
            cell.cancel()
        elif callable(beneath) and beneath is not signal.default_int_handler:
            if loop is not None and not loop.is_closed():
                _ending = beneath
                loop.call_later(PATIENCE, _forget_ending, beneath)
            beneath(signal.SIGINT, None)

    def _kind(self, error: BaseException | None) -> type[BaseException]:
        """Return the exception class: a KeyboardInterrupt would end any loop it passes through."""
        if self._previous is None and in_main_thread():
            return Interrupted if isinstance(error, Interrupted) else KeyboardInterrupt
        if self._is_at_prompt and in_main_thread():
            return KeyboardInterrupt
        # A callback of a loop is not a task.
        is_in_callback = asyncio._get_running_loop() is not None and current_task() is None
        return asyncio.CancelledError if is_in_callback else Interrupted

    @property
    def _outer(self) -> Interruptible | None:
        """The run that this one is nested in."""
        return owner_of(self._beneath())

    def _beneath(self) -> Any:
        """Return the handler before this one, skipping those of runs that have ended."""
        handler = self._previous
        while (owner := owner_of(handler)) is not None and not owner._open:
            handler = owner._previous
        return handler

    def _replaces(self, previous: Any) -> bool:
        """Tell whether to replace the installed handler."""
        return True


def _forget_ending(handler: Any) -> None:
    """Allow new runs again: the program that `handler` belongs to has ended by now, or goes on."""
    global _ending
    if _ending == handler:
        _ending = None


def refuse_when_ending() -> None:
    """Raise in a cell or run that was interrupted and has not ended yet.

    A press interrupts the one run in progress. Other tasks could start new runs before they are
    cancelled themselves; if these block the loop, one after the other would run to its end.
    """
    if not in_main_thread():
        return
    loop, handler = asyncio._get_running_loop(), signal.getsignal(signal.SIGINT)
    if raises_at_prompt():
        if is_to_be_cancelled(loop):
            raise KeyboardInterrupt
        return
    owner, cell = owner_of(handler), find_cell(loop)
    is_ending = owner.hits > 0 if owner else _ending is not None and handler == _ending
    if is_ending or is_to_be_cancelled(loop) or (cell is not None and cell.cancelling()):
        # In a callback, which is not a task, a KeyboardInterrupt would end the loop.
        is_in_callback = loop is not None and current_task() is None
        kind = asyncio.CancelledError if is_in_callback else Interrupted
        raise kind("not begun: what it belongs to was interrupted")


def owner_of(handler: Any) -> Interruptible | None:
    """Return the run that a SIGINT handler belongs to, None for other handlers."""
    owner = getattr(handler, "__self__", None)
    return owner if isinstance(owner, Interruptible) else None
