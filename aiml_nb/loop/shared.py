"""One event loop for all runs of a script that call its own async functions.

A client that is made once keeps its connections, and these belong to the loop in which they were
opened. ``asyncio.run`` closes its loop, so the next run would find that the client's is closed.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine
from contextvars import copy_context
from typing import Any, TypeVar

from .browser import in_browser
from .nested import cancel_tasks
from .run import run_coroutine

T = TypeVar("T")
_shared: asyncio.Runner | None = None
_of_parents: list[asyncio.Runner] = []  # to close one would take the parent's loop apart


def run_in_shared_loop(coro: Coroutine[Any, Any, T]) -> T:
    """Run `coro` to its end as `run_coroutine` does, in a script's main thread always in one loop.

    Tasks that it leaves behind are cancelled.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if asyncio._get_running_loop() is not None or in_browser() or not is_main:
        return run_coroutine(coro)
    global _shared
    if _shared is None:
        _shared = asyncio.Runner(loop_factory=asyncio.new_event_loop)  # it is nobody's current loop
    loop = _shared.get_loop()
    try:
        return _shared.run(coro, context=copy_context())
    finally:
        cancel_tasks(loop, asyncio.all_tasks(loop))


def _close() -> None:
    """Close the loop without its runner, which would start a thread at the end of the process."""
    if _shared is not None:
        loop = _shared.get_loop()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _leave_to_parent() -> None:
    global _shared
    if _shared is not None:
        _of_parents.append(_shared)
        _shared = None


atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
