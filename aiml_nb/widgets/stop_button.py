"""The stop button, for what runs in the background of a notebook while no cell does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType


class StopButton:
    """Hears an interrupt that would be ignored, as a kernel does between cells.

    Parameters
    ----------
    on_press
        Called in the main thread, in the middle of whatever it does.
    """

    def __init__(self, on_press: Callable[[], None]) -> None:
        self._on_press, self._listens = on_press, False

    def listen(self) -> None:
        """Hear it from now on; to be called again and again, since each cell has its own way."""
        self._listens = True
        if _in_main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._press)

    def ignore(self) -> None:
        """Ignore it again. A running cell puts it back at its end, and it then does nothing."""
        self._listens = False
        if _in_main_thread() and signal.getsignal(signal.SIGINT) == self._press:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _press(self, number: int, frame: FrameType | None) -> None:
        if self._listens:
            self._on_press()


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
