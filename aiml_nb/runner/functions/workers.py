"""Threads in which functions are called that block.

Nobody can break such a function off: a call that takes too long is left to itself, in a thread that
the program does not wait for when it ends.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any

from ...loop import block_sigint

_Job = Callable[[], None]


class Workers:
    """Threads that take one call after the other; made as they are needed."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._left: set[_Worker] = set()
        self._is_closed = False

    @property
    def left(self) -> int:
        """How many are at work on a call that nobody waits for any more."""
        return len(self._left)

    async def call(
        self, function: Callable[[Any], Any], item: Any
    ) -> tuple[Any, BaseException | None]:
        """Return what `function` returns, and what it raises."""
        loop = asyncio.get_running_loop()
        worker = self._idle.pop() if self._idle else _Worker()
        self._busy.add(worker)
        done: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()
        context = copy_context()

        def work() -> None:
            outcome: tuple[Any, BaseException | None]
            try:
                outcome = context.run(function, item), None
            except BaseException as error:  # noqa: BLE001  its record tells
                outcome = None, error
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(partial(self._end, worker, done, outcome))

        worker.jobs.put(work)
        try:
            return await done
        except asyncio.CancelledError:
            if worker in self._busy:
                self._left.add(worker)
            raise

    def _end(self, worker: _Worker, done: asyncio.Future[Any], outcome: Any) -> None:
        self._busy.discard(worker)
        self._left.discard(worker)
        if self._is_closed:
            worker.jobs.put(None)
        else:
            self._idle.append(worker)
        if not done.done():
            done.set_result(outcome)

    def close(self) -> None:
        """End the threads that have nothing to do; the others end with their calls."""
        self._is_closed = True
        for worker in [*self._idle, *self._busy]:
            worker.jobs.put(None)
        for worker in self._idle:
            worker.thread.join()


class _Worker:
    """One thread, and what it is to do."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self.thread = threading.Thread(target=self._work, name="aiml_nb function", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        block_sigint()
        while (job := self.jobs.get()) is not None:
            job()
            del job
