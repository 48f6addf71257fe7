"""Make runs interruptible by the stop button, wherever they are started."""

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

# Seconds after an interrupt in which a thread starts no run: a pool would give it the next piece of
# work at once.
QUIET = 0.5

_mine = threading.local()


@contextmanager
def ended_with_cell() -> Iterator[None]:
    """Cancel the current task when the cell that awaits it, or the main thread, is interrupted.

    Some callers, such as `asyncio.wait`, do not cancel the tasks that they wait for.
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
    """Cancel the current task at an interrupt that would not reach it otherwise."""
    task, loop = current_task(), asyncio.get_running_loop()

    def cancel() -> None:
        if (
            task is not None and not task.cancelling()
        ):  # a second cancel would interrupt its cleanup
            task.cancel()

    with (
        InterruptibleTask(loop, cancel),
        interrupted_with_main(lambda: loop.call_soon_threadsafe(cancel)),
    ):
        yield


class InterruptibleTask(Interruptible):
    """As `Interruptible`, for a task of the running loop.

    A KeyboardInterrupt ends only the loop: in an IPython terminal the task would continue with the
    next cell that awaits.
    """

    def _replaces(self, previous: Any) -> bool:
        is_others = isinstance(owner_of(previous), InterruptibleTask)
        return is_others or previous is signal.default_int_handler


class InterruptibleCall(Interruptible):
    """As `Interruptible`, for code that may block a running loop: the first press raises.

    The installed handler would ask the loop, which is blocked, to cancel the code.
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
        if previous is signal.SIG_IGN:  # a kernel ignores SIGINT between cells, in callbacks
            return self._is_in_loop and in_kernel()
        raises_here = previous is signal.default_int_handler and raises_at_prompt()
        return self._is_in_loop and not raises_here

    def _hit(self, number: int, frame: FrameType | None) -> None:
        if not self._open:  # ending, or ended
            super()._hit(number, frame)
            return
        note_press()
        self.hear()
        raise KeyboardInterrupt


@contextmanager
def _begun_in_thread() -> Iterator[None]:
    """Raise Interrupted in another thread if the main thread is, or has just been, interrupted."""
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
