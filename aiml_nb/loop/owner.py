"""Which run a task belongs to: marked by a token in the context of the task."""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Any

# Seconds that cancelled tasks get for their cleanup; after that they continue unattended.
FAREWELL = 1.0

_owner: ContextVar[object] = ContextVar("aiml_nb_owner", default=None)
_timing: ContextVar[bool] = ContextVar("aiml_nb_timing", default=False)
_warned = False


@contextmanager
def inside_run() -> Iterator[None]:
    """Mark the code inside as one of our timed runs.

    A nested run ends only after every nested run that was started later, so its times would be
    wrong: `run_coroutine` and a patched ``asyncio.run`` warn once if they are used in here.
    """
    token = _timing.set(True)
    try:
        yield
    finally:
        _timing.reset(token)


def warn_inside_run() -> None:
    """Warn, once per process, if a nested run is about to start inside a timed one."""
    global _warned
    if _timing.get() and not _warned:
        _warned = True
        warnings.warn(
            "A nested run was started inside a timed run: nested runs end last in, first out, "
            "so its durations are wrong. Expected: await in here. Type  await main()  instead of  "
            "asyncio.run(main()).",
            RuntimeWarning,
            stacklevel=4,
        )


def new_owner() -> tuple[Context, object]:
    """Return a copy of the context in which every new task is marked with a new owner."""
    owner = object()
    context = copy_context()
    context.run(_owner.set, owner)
    return context, owner


def tasks_of(owner: object, loop: asyncio.AbstractEventLoop) -> list[asyncio.Task[Any]]:
    """Return the unfinished tasks of the run with this `owner`.

    Only those: a kernel's queued cells are tasks of the same loop.
    """
    return [task for task in asyncio.all_tasks(loop) if _owner_of(task) is owner]


def _owner_of(task: asyncio.Task[Any]) -> object:
    if sys.version_info >= (3, 12):
        return task.get_context().get(_owner)
    # Python 3.11 exposes the context of pure Python tasks only, which the patch makes of all.
    context = getattr(task, "_context", None)
    return None if context is None else context.get(_owner)


def readable_task(
    loop: asyncio.AbstractEventLoop,
    coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
    **options: Any,
) -> asyncio.Task[Any]:
    """Make a task whose context can be read on Python 3.11 (a task factory)."""
    task: asyncio.Task[Any] = asyncio.tasks._PyTask(coro, loop=loop, **options)  # type: ignore[attr-defined]
    return task
