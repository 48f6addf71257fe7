"""The stop button (SIGINT) while a cell waits for a coroutine."""

from __future__ import annotations

import _thread
import asyncio
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType

# Long enough for a busy loop to take its next turn, short enough to be felt as one press.
PATIENCE = 0.5


class Interruptible:
    """Own SIGINT while the ``with`` lasts: the first hit cancels, the second raises at once.

    IPython's own handler must not be left in place: it cancels the task of the cell that is
    waiting, in mid-step, after which the cell never replies. If the loop takes no turn for 0.5 s
    after the first hit, a coroutine is blocking it, and the second hit is given automatically.
    Outside the main thread, where Python delivers no signals, this does nothing.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, cancel: Callable[[], object]) -> None:
        self.hits = 0
        self.turned = False
        self._loop = loop
        self._cancel = cancel
        self._installed = False
        self._open = True
        # Not a threading.Lock method in a signal handler: only the two ends below take it.
        self._closing = _thread.allocate_lock()

    def __enter__(self) -> Interruptible:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.getsignal(signal.SIGINT)
            # None: a handler that Python did not install and could not put back.
            if self._previous is not None:
                signal.signal(signal.SIGINT, self._hit)
                self._installed = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._closing:
            self._open = False
        if self._installed:
            signal.signal(signal.SIGINT, self._previous)
        if self.hits and not isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt from (
                None if isinstance(error, asyncio.CancelledError) else error
            )

    def _hit(self, number: int, frame: FrameType | None) -> None:
        if not self._open:
            return
        self.hits += 1
        if self.hits > 1:
            raise KeyboardInterrupt
        self._loop.call_soon_threadsafe(self._turn)
        # threading.Thread takes locks that the interrupted code may hold; this takes none.
        _thread.start_new_thread(self._press_again, ())

    def _turn(self) -> None:
        self.turned = True
        self._cancel()

    def _press_again(self) -> None:
        time.sleep(PATIENCE)
        with self._closing:
            if not self._open or self.turned:
                return
            if hasattr(signal, "pthread_kill"):
                # A signal, unlike interrupt_main(), also ends a time.sleep().
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            else:
                _thread.interrupt_main()
