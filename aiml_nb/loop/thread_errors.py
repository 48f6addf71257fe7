"""Raise an exception in another thread, which is how code is ended that computes without end."""

from __future__ import annotations

import ctypes
import sys
import threading
import time

_LOOK = 0.1  # seconds for which a thread is looked at


def raise_in_thread(thread: int, error: type[BaseException]) -> None:
    """Raise an exception in the thread of this ident, when it next runs Python code."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


def goes_on(thread: int) -> bool:
    """Say whether a thread runs at times, and so would soon hear of an exception.

    In one that sleeps the exception waits; and as long as it does, Python 3.11 hangs in any thread
    in which `sys.settrace` is used: see `allow_tracing`.
    """
    try:
        clock = time.pthread_getcpuclockid(thread)
        before = time.clock_gettime(clock)
        time.sleep(_LOOK)
        return time.clock_gettime(clock) > before
    except AttributeError:  # Windows
        return True
    except OSError:  # it has just ended
        return False


class _Nothing(BaseException):
    """Raised and caught here."""


def allow_tracing() -> None:
    """Let this thread use `sys.settrace`, though an exception waits for one that sleeps.

    Python 3.11 has one mark for the exceptions of all threads, and traces the same instruction
    again and again while it is set. Whoever takes an exception takes the mark away.
    """
    if sys.version_info >= (3, 12):
        return
    try:
        raise_in_thread(threading.get_ident(), _Nothing)
        for _ in range(1000):  # it is raised in here
            pass
    except _Nothing:
        return
