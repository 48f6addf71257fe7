"""Threads for functions that block.

Such a function cannot be interrupted: a call that takes too long is abandoned in its daemon thread,
which the end of the program does not wait for.
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
    """A pool of daemon threads that grows as needed."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._left: set[_Worker] = set()
        self._is_closed = False

    @property
    def left(self) -> int:
        """The number of threads that are busy with an abandoned call."""
        return len(self._left)

    async def call(
        self, function: Callable[[Any], Any], item: Any
    ) -> tuple[Any, BaseException | None]:
        """Call `function` in a thread; return its result and its exception."""
        loop = asyncio.get_running_loop()
        worker = self._idle.pop() if self._idle else _Worker()
        self._busy.add(worker)
        done: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()
        context = copy_context()

        def work() -> None:
            outcome: tuple[Any, BaseException | None]
            try:
                outcome = context.run(function, item), None
            except BaseException as error:  # noqa: BLE001  becomes the record's error
                outcome = None, error
            with suppress(RuntimeError):  # the loop is closed: the call was abandoned
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
        """End the idle threads; busy ones end after their calls."""
        self._is_closed = True
        for worker in [*self._idle, *self._busy]:
            worker.jobs.put(None)
        for worker in self._idle:
            worker.thread.join()


class _Worker:
    """One thread and its queue of jobs."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self.thread = threading.Thread(target=self._work, name="aiml_nb function", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        block_sigint()
        while (job := self.jobs.get()) is not None:
            job()
            del job
