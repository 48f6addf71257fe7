"""What a run does to be ended by the stop button, wherever it is begun."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from types import FrameType, TracebackType
from typing import Any

from .dropped import given_again_if_dropped
from .interrupt import Interruptible, note_press, owner_of, refuse_when_ending
from .threads import interrupted_with_main, main_interrupt
from .waiting import (
    Interrupted,
    block_sigint,
    current_task,
    find_cell,
    in_kernel,
    in_main_thread,
    raises_at_prompt,
    restore_sigint,
)

# A pool gives its thread the next piece of work at once, and knows nothing of a press.
QUIET = 0.5

_mine = threading.local()


@contextmanager
def ended_with_cell() -> Iterator[None]:
    """Let an interrupt of the cell that awaits, or of the main thread, reach a task's run.

    From its first moment on, and where nobody cancels the task, as `asyncio.wait` does not.
    """
    task, cell = current_task(), find_cell(asyncio._get_running_loop())

    def cancel(cell: asyncio.Task[Any]) -> None:
        if task is not None and cell.cancelling() and not task.cancelling():
            task.cancel()

    with _begun_in_thread():
        if cell is None or task is cell:
            yield
            return
        cell.add_done_callback(cancel)
        try:
            yield
        finally:
            cell.remove_done_callback(cancel)


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
        self._around = ExitStack()
        super().__init__(None, lambda: None)

    def __enter__(self) -> Interruptible:
        if in_main_thread():
            refuse_when_ending()
        self._around.enter_context(_begun_in_thread())
        self._around.enter_context(given_again_if_dropped())
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._around:
            super().__exit__(kind, error, traceback)

    def _replaces(self, previous: Any) -> bool:
        if previous is signal.SIG_IGN:  # so a kernel has it between cells, where callbacks run
            return self._is_in_loop and in_kernel()
        raises_here = previous is signal.default_int_handler and raises_at_prompt()
        return self._is_in_loop and not raises_here

    def _hit(self, number: int, frame: FrameType | None) -> None:
        if not self._open:  # it is ending, or has ended
            super()._hit(number, frame)
            return
        note_press()
        self.hear()
        raise KeyboardInterrupt


@contextmanager
def _begun_in_thread() -> Iterator[None]:
    """Raise Interrupted in a thread whose main thread is interrupted, or was a moment ago."""
    if in_main_thread():
        yield
        return
    if main_interrupt() or time.monotonic() - getattr(_mine, "interrupted", -QUIET) < QUIET:
        _mine.interrupted = time.monotonic()
        raise Interrupted("not begun: the main thread was interrupted")
    blocked = block_sigint()
    try:
        with interrupted_with_main():
            yield
    except KeyboardInterrupt:
        _mine.interrupted = time.monotonic()
        raise
    finally:
        restore_sigint(blocked)
