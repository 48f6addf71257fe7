"""Presses of the stop button that Python drops, given again."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .waiting import in_main_thread

# Seconds until the destructor that dropped the exception has ended.
WAIT = 0.01

_lock = threading.Lock()
_runs = 0
_previous: Callable[[Any], Any] = sys.__unraisablehook__


@contextmanager
def given_again_if_dropped() -> Iterator[None]:
    """Repeat a press of the stop button that interrupts a destructor or a weakref callback.

    Python ignores exceptions raised there, KeyboardInterrupt included: the run would go on.
    """
    global _runs, _previous
    with _lock:
        _runs += 1
        if sys.unraisablehook is not _hear:
            _previous, sys.unraisablehook = sys.unraisablehook, _hear
    try:
        yield
    finally:
        with _lock:
            _runs -= 1
            if not _runs and sys.unraisablehook is _hear:
                sys.unraisablehook = _previous


def press_main_thread() -> None:
    """Interrupt the main thread as the stop button does."""
    if hasattr(signal, "pthread_kill"):
        # A signal, unlike interrupt_main(), also ends a time.sleep().
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _hear(dropped: Any) -> None:
    if in_main_thread() and issubclass(dropped.exc_type, KeyboardInterrupt):
        _thread.start_new_thread(_press_soon, ())
    else:
        _previous(dropped)


def _press_soon() -> None:
    time.sleep(WAIT)
    press_main_thread()
