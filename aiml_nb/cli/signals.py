"""SIGTERM, and the end of the terminal, as Ctrl-C: records are kept and results written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# What a scheduler, a container or a shell sends to end a command; Windows has the first alone.
_ENDING = ("SIGTERM", "SIGHUP", "SIGBREAK")


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """Take the signals that end a command for Ctrl-C in this block, but for those ignored.

    ``nohup`` makes a command ignore the end of its terminal, and that stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    # Others than the system's own are somebody else's, such as those of a test or of a kernel.
    taken = [number for number, handler in before.items() if handler is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _interrupt)
    try:
        with _handled_but_not_heard():
            yield
    finally:
        for number in taken:
            signal.signal(number, before[number])


@contextmanager
def _handled_but_not_heard() -> Iterator[None]:
    """Have a handler for Ctrl-C where it is ignored, without hearing it.

    A shell makes commands in its background ignore Ctrl-C; the others still have to end them, and
    do so by its handler.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN or not hasattr(
        signal, "pthread_sigmask"
    ):
        yield
        return
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


def _interrupt(number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        raise KeyboardInterrupt
    handler(signal.SIGINT, frame)
