"""From a button's callback to the notebook's event loop, whatever thread the callback runs in.

With ipykernel 7.0 to 7.3 callbacks run in a thread and a loop of their own, where nothing that
belongs to the cells' loop can be used. So a callback only schedules work in that loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import Any

from ..errors import LoopError


class Bridge:
    """Runs one task at a time in the loop of the cell in which it was made.

    Its methods may be called from any thread.
    """

    def __init__(self) -> None:
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
        # The context leads the task's output to the cell.
        self._context = copy_context()
        # The loop holds tasks by weak references only: without this one the task could vanish.
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """True while the task is running."""
        return self._task is not None and not self._task.done()

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `work` as a background task, unless one is running already.

        Raises
        ------
        LoopError
            If no event loop ran where the bridge was made, as in a plain script.
        """
        if self._loop is None:
            raise LoopError(
                "A widget works in a notebook, where an event loop runs; none runs here. In a "
                "script write  aiml_nb.compare(…)  or  aiml_nb.run(…)  instead."
            )
        # The callback may run in another thread than the loop.
        self._loop.call_soon_threadsafe(self._start, work)

    def cancel(self) -> None:
        """Cancel the task, if one is running."""
        # RuntimeError: the loop is closed, and the task with it.
        with suppress(RuntimeError):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._cancel)

    def _start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._loop is not None and not self.busy:
            self._task = self._loop.create_task(work(), context=self._context.copy())

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
