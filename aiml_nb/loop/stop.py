"""What a run does to be ended by the stop button, wherever it is begun."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType, TracebackType
from typing import Any

from .interrupt import Interruptible, note_press, owner_of, refuse_when_ending
from .threads import interrupted_with_main, main_interrupt
from .waiting import Interrupted, current_task, in_main_thread, raises_at_prompt

# A pool gives its thread the next piece of work at once, and knows nothing of a press.
QUIET = 0.5

_mine = threading.local()


@asynccontextmanager
async def interruptible_task() -> AsyncIterator[None]:
    """Let an interrupt cancel the task that runs here, where nobody else would do it."""
    task, loop = current_task(), asyncio.get_running_loop()

    def cancel() -> None:
        if task is not None and not task.cancelling():  # else its farewell would be cut off
            task.cancel()

    with (
        InterruptibleTask(loop, cancel),
        interrupted_with_main(lambda: loop.call_soon_threadsafe(cancel)),
    ):
        yield


class InterruptibleTask(Interruptible):
    """As `Interruptible`, for a task of the running loop.

    A KeyboardInterrupt ends the loop alone: in an IPython terminal the task would go on with the
    next cell that awaits.
    """

    def _replaces(self, previous: Any) -> bool:
        is_others = isinstance(owner_of(previous), InterruptibleTask)
        return is_others or previous is signal.default_int_handler


class InterruptibleCall(Interruptible):
    """As `Interruptible`, for code that may block a running loop: the first hit raises.

    The handler that is there would ask the loop to end what blocks it.
    """

    def __init__(self) -> None:
        self._is_in_loop = asyncio._get_running_loop() is not None
        super().__init__(None, lambda: None)

    def __enter__(self) -> Interruptible:
        if in_main_thread():
            refuse_when_ending()
        elif not self._is_in_loop:
            _refuse_more_work()
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            _mine.interrupted = time.monotonic()
        super().__exit__(kind, error, traceback)

    def _replaces(self, previous: Any) -> bool:
        if previous is signal.SIG_IGN:  # so a kernel has it between cells, where callbacks run
            return self._is_in_loop and "ipykernel" in sys.modules
        raises_here = previous is signal.default_int_handler and raises_at_prompt()
        return self._is_in_loop and not raises_here

    def _hit(self, number: int, frame: FrameType | None) -> None:
        if not self._open:
            super()._hit(number, frame)
            return
        note_press()
        self.hear()
        raise KeyboardInterrupt


def _refuse_more_work() -> None:
    """Raise Interrupted in a thread whose last work, or whose main thread, is being interrupted."""
    now = time.monotonic()
    if main_interrupt() or now - getattr(_mine, "interrupted", -QUIET) < QUIET:
        _mine.interrupted = now
        raise Interrupted("not begun: the main thread was interrupted")
