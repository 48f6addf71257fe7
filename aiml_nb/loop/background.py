"""Run a coroutine in one background loop, for loops that cannot be nested (uvloop)."""

from __future__ import annotations

import asyncio
import atexit
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from ..errors import LoopError
from .idiom import remember
from .interrupt import Interruptible
from .owner import FAREWELL, new_owner, readable_task, tasks_of
from .thread_errors import raise_in_thread
from .waiting import block_sigint

T = TypeVar("T")

_lock = threading.Lock()
_current: _BackgroundLoop | None = None


class _BackgroundLoop:
    """A loop and the thread it runs in."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        if sys.version_info < (3, 12):
            self.loop.set_task_factory(readable_task)
        self._stopping = False
        self.thread = threading.Thread(target=self._serve, name="aiml_nb loop", daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        block_sigint()
        asyncio.set_event_loop(self.loop)
        while not self._stopping:
            # sys.exit() in a coroutine ends its run, and must not end the loop of all later runs.
            with suppress(SystemExit, KeyboardInterrupt):
                self.loop.run_forever()
        self.loop.close()

    def stop(self) -> None:
        """End the thread; a coroutine that blocks it is left behind after a second."""
        self._stopping = True
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(1)


def run_in_background(coro: Coroutine[Any, Any, T]) -> T:
    """Block this thread while the background loop runs `coro` in a copy of the context.

    Raises
    ------
    LoopError
        If it is called from the background loop itself, which would deadlock.
    """
    home = _background()
    if threading.current_thread() is home.thread:
        coro.close()
        raise LoopError(
            "asyncio.run() was called inside a run that already uses the background loop of this "
            "notebook. A run in a run would wait for itself for ever: type  await main()  there "
            "instead of  asyncio.run(main())."
        )
    work = _Work(home.loop, coro)
    with Interruptible(home.loop, work.cancel) as interruptible:
        try:
            result: T = work.future.result()
            return result
        except RuntimeError as error:
            remember(error, coro)
            raise
        finally:
            # The loop has not run since the press: a coroutine blocks it.
            if interruptible.hits and not interruptible.turned:
                _abandon(home)


class _Work:
    """One coroutine that runs in the background loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any]) -> None:
        self.future: Future[Any] = Future()
        self._coro = coro
        self._loop = loop
        self._main: asyncio.Task[Any] | None = None
        self._ending: asyncio.Task[None] | None = None
        context, self._owner = new_owner()
        loop.call_soon_threadsafe(self._start, context=context)

    def cancel(self) -> None:
        """Cancel the coroutine; called in the background loop."""
        if self._main is not None:
            self._main.cancel()

    def _start(self) -> None:
        self._main = self._loop.create_task(self._coro)
        self._main.add_done_callback(self._end)

    def _end(self, main: asyncio.Task[Any]) -> None:
        # As asyncio.run does: tasks that the coroutine has left behind are cancelled first.
        leftovers = tasks_of(self._owner, self._loop)
        for task in leftovers:
            task.cancel()
        self._ending = self._loop.create_task(self._hand_over(main, leftovers))

    async def _hand_over(self, main: asyncio.Task[Any], leftovers: list[asyncio.Task[Any]]) -> None:
        if leftovers:
            await asyncio.wait(leftovers, timeout=FAREWELL)
        error = asyncio.CancelledError() if main.cancelled() else main.exception()
        if error is None:
            self.future.set_result(main.result())
        else:
            self.future.set_exception(error)


def _background() -> _BackgroundLoop:
    global _current
    with _lock:
        if _current is None:
            _current = _BackgroundLoop()
            atexit.register(_current.stop)
        return _current


def _abandon(blocked: _BackgroundLoop) -> None:
    """Give the next run a new loop, and raise KeyboardInterrupt in the blocked thread.

    It is raised when that thread next runs Python code: a busy loop ends at once, a ``time.sleep``
    when it is over.
    """
    global _current
    with _lock:
        if _current is blocked:
            _current = None
    raise_in_thread(blocked.thread.ident or 0, KeyboardInterrupt)
