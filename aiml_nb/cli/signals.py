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
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])


def _interrupt(number: int, frame: FrameType | None) -> None:
    # A shell makes commands in its background ignore Ctrl-C, but not these.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)
