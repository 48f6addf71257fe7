"""Interrupts for runs in other threads, which Python does not deliver there.

No event tells them that the main thread was interrupted, so a thread polls for it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from functools import cache, partial
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

from .browser import in_browser
from .interrupt import count_presses
from .waiting import Interrupted, block_sigint, find_cell, in_kernel, in_main_thread

GLANCE = 0.05  # seconds between two polls

# The run that a thread, or a task of its loop, is in.
_current: ContextVar[_Run | None] = ContextVar("_current", default=None)

T = TypeVar("T")


def call_in_thread(function: Callable[[], T]) -> Future[T]:
    """Call `function` in a daemon thread, which does not delay the end of the loop or program.

    The threads of `asyncio.to_thread` and of pools are joined at the end, even after an interrupt:
    that may take as long as a server or a DNS lookup does.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()
    context = copy_context()

    def work() -> None:
        block_sigint()
        try:
            future.set_result(context.run(function))
        except BaseException as error:  # noqa: BLE001  raised where the future is waited for
            future.set_exception(error)

    threading.Thread(target=work, name="aiml_nb calls", daemon=True).start()
    return future


@cache
def import_in_thread(name: str) -> None:
    """Import a module completely, even if the stop button is pressed meanwhile.

    An interrupted import leaves partly initialized modules behind; some packages then cannot be
    imported until the program, or the kernel, is restarted.
    """
    if in_browser():  # no threads there
        import_module(name)
    else:
        call_in_thread(partial(import_module, name)).result()


def call_with_main(function: Callable[[], T], interrupt: Callable[[], object]) -> T:
    """Call a blocking `function`; raise Interrupted if the main thread is interrupted meanwhile.

    Parameters
    ----------
    interrupt
        Called then, to end the function; it is not waited for. Not used in the main thread, where
        an interrupt raises by itself.
    """
    if in_main_thread():
        return function()
    leave = threading.Event()
    with interrupted_with_main(interrupt, leave.set):
        future = call_in_thread(function)
        future.add_done_callback(lambda _: leave.set())
        leave.wait()
    return future.result()


@contextmanager
def interrupted_with_main(*interrupt: Callable[[], object]) -> Iterator[None]:
    """Call `interrupt` if the main thread is interrupted meanwhile; raise Interrupted at the end.

    It is called in another thread. Where the code inside runs in the main thread nothing is done.
    """
    if in_main_thread():
        yield
        return
    run, outer = _Run(*interrupt), _current.get()
    _watch.add(run)
    token = _current.set(run)
    try:
        if outer is not None and outer.is_interrupted:  # interrupted before this one was added
            raise Interrupted
        yield
    finally:
        _current.reset(token)
        _watch.discard(run)
        if run.is_interrupted:
            raise Interrupted from None


def main_interrupt() -> KeyboardInterrupt | None:
    """Return the KeyboardInterrupt that the main thread is handling, or that has ended it."""
    main = threading.main_thread()
    if not main.is_alive():
        return _shown_interrupt()
    found: Any = sys._current_exceptions().get(main.ident or 0)
    error = found[1] if isinstance(found, tuple) else found  # a tuple in Python 3.11
    return error if isinstance(error, KeyboardInterrupt) else None


def _shown_interrupt() -> KeyboardInterrupt | None:
    """Return the KeyboardInterrupt whose traceback was shown last, at a prompt or at the end."""
    error = getattr(sys, "last_value", None)
    return error if isinstance(error, KeyboardInterrupt) else None


class _Run:
    """A run in another thread, with the functions to call at an interrupt."""

    def __init__(self, *interrupt: Callable[[], object]) -> None:
        self._interrupt = interrupt
        self.is_interrupted = False

    def hear(self) -> None:
        for each in self._interrupt:
            each()


class _Signs(NamedTuple):
    """Everything that shows an interrupt of the main thread."""

    presses: int
    handled: KeyboardInterrupt | None
    shown: KeyboardInterrupt | None

    def are_new(self, before: _Signs) -> bool:
        pairs = ((self.handled, before.handled), (self.shown, before.shown))
        is_new = any(now is not None and now is not then for now, then in pairs)
        return is_new or self.presses > before.presses


class _Watch:
    """A thread that polls for interrupts while there are runs in other threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: set[_Run] = set()
        self._is_over = threading.Event()

    def add(self, run: _Run) -> None:
        with self._lock:
            if not self._runs:
                self._is_over = threading.Event()
                arguments = (self._is_over, _read_signs())
                name = "aiml_nb stop button"
                threading.Thread(target=self._look, args=arguments, name=name, daemon=True).start()
            self._runs.add(run)

    def discard(self, run: _Run) -> None:
        with self._lock:
            self._runs.discard(run)
            if not self._runs:
                self._is_over.set()

    def _look(self, is_over: threading.Event, before: _Signs) -> None:
        block_sigint()
        kernel = _Kernel()
        while not is_over.wait(GLANCE):
            now = _read_signs()
            if now.are_new(before) or kernel.is_stopped():
                with self._lock:
                    runs = [run for run in self._runs if not run.is_interrupted]
                    for run in runs:
                        run.is_interrupted = True
                for run in runs:
                    run.hear()
            before = now


_watch = _Watch()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_watch.__init__)  # type: ignore[misc]  # the threads are gone


def _read_signs() -> _Signs:
    return _Signs(count_presses(), main_interrupt(), _shown_interrupt())


class _Kernel:
    """The loop of a kernel, in which IPython cancels an awaiting cell at an interrupt."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._cell: asyncio.Task[Any] | None = None
        self._was_cancelled = False
        if in_kernel():
            with suppress(AttributeError):
                self._loop = sys.modules["IPython"].get_ipython().kernel.io_loop.asyncio_loop

    def is_stopped(self) -> bool:
        """Tell whether the awaiting cell has been cancelled."""
        if self._loop is None:
            return False
        # IPython's handler asks the loop to cancel the cell, but does not wake it.
        with suppress(RuntimeError):  # the kernel is shut down
            self._loop.call_soon_threadsafe(lambda: None)
        cell = self._cell
        is_cancelled = cell is not None and cell.cancelling() > 0
        # Only if seen twice: a timeout in a cell also cancels its task, for a moment.
        is_stopped = is_cancelled and self._was_cancelled
        if cell is None or (cell.done() and (is_stopped or not is_cancelled)):
            self._cell, is_cancelled = find_cell(self._loop), False
        self._was_cancelled = is_cancelled
        return is_stopped
