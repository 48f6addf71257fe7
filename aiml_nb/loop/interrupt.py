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

# Long enough for a busy loop to take its next turn, short enough to be felt as one press.
PATIENCE = 0.5

_presses = 0
# The handler of a program that was told of a press, and is perhaps about to end.
_ending: Any = None


def note_press() -> None:
    """Count a press of the stop button."""
    global _presses
    _presses += 1


def count_presses() -> int:
    """Tell how many presses have been heard of."""
    return _presses


class Interruptible:
    """Own SIGINT while the ``with`` lasts: the first hit cancels, the second raises at once.

    IPython's own handler must not be left in place: it cancels the task of the cell that is
    waiting, in mid-step, after which the cell never replies. If the loop takes no turn for 0.5 s
    after the first hit, a coroutine is blocking it, and the second hit is given automatically.
    A hit ends what stands around, too: the runs in whose tasks this one is, and the cell or the
    program that waits for them.
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
            # None: a handler that Python did not install and could not put back.
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
        with self._closing:  # a press that is just being given arrives here, and not further out
            pass
        # Runs of several tasks may overlap: then the handler of another one is on top.
        if self._previous is not None and signal.getsignal(signal.SIGINT) == self._hit:
            signal.signal(signal.SIGINT, self._beneath())
        self._has_closed = True
        if self.hits or isinstance(error, KeyboardInterrupt):
            self._end_what_waits()
            expected = isinstance(error, asyncio.CancelledError | KeyboardInterrupt)
            # A new one: it takes a notebook a second to show the way of the old one.
            raise self._kind(error) from (None if expected else error)

    def hear(self) -> None:
        """Be hit for the first time, or have a run inside this one be."""
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
        if not self._open:  # raised where it ends
            self.hits += 1
            return
        if self.hits:
            raise KeyboardInterrupt
        self.hear()
        # threading.Thread takes locks that the interrupted code may hold; this takes none.
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
        """End the cell or the program that would go on, and with it what else it has begun."""
        global _ending
        if self._is_at_prompt or self._has_told:  # what is raised at the prompt ends it anyway
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
        """Return what to raise: a KeyboardInterrupt would end any loop that it meets."""
        if self._previous is None and in_main_thread():
            return Interrupted if isinstance(error, Interrupted) else KeyboardInterrupt
        if self._is_at_prompt and in_main_thread():
            return KeyboardInterrupt
        # A callback of a loop is not a task.
        is_in_callback = asyncio._get_running_loop() is not None and current_task() is None
        return asyncio.CancelledError if is_in_callback else Interrupted

    @property
    def _outer(self) -> Interruptible | None:
        """The run in whose task this one is."""
        return owner_of(self._beneath())

    def _beneath(self) -> Any:
        """Return the handler that was there before, past those of runs that are over since."""
        handler = self._previous
        while (owner := owner_of(handler)) is not None and not owner._open:
            handler = owner._previous
        return handler

    def _replaces(self, previous: Any) -> bool:
        """Tell whether to stand in for the handler that is there."""
        return True


def _forget_ending(handler: Any) -> None:
    """Let runs be begun again: what `handler` was to end has ended by now, or goes on."""
    global _ending
    if _ending == handler:
        _ending = None


def refuse_when_ending() -> None:
    """Raise what an interrupt does in a cell, or a run, that one is about to end.

    A press finds one run at work. Those that other tasks begin before their turn to be cancelled
    has come would go on: of tasks that block the loop, one after the other.
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
    """Return the run whose handler of SIGINT this is."""
    owner = getattr(handler, "__self__", None)
    return owner if isinstance(owner, Interruptible) else None
