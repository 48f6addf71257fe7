"""What a paused task waits for, in the terms of asyncio: a sleep, a lock, the answer of a server.

The first frame that the user's code awaits says what was called; for plain futures the loop knows.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

ASYNCIO = str(Path(asyncio.__file__).parent) + os.sep
# Packages that make HTTP requests, and the place of this one that does.
_HTTP = frozenset(
    [
        "aiohttp",
        "anthropic",
        "google",
        "groq",
        "httpcore",
        "httpcore2",
        "httpx",
        "httpx2",
        "mistralai",
        "openai",
        "ollama",
    ]
)
NEXT = "the next to finish"
_OWN_HTTP = os.path.join("aiml_nb", "endpoint", "transport")


class Wait(NamedTuple):
    """What a task waits for.

    Parameters
    ----------
    kind
        One of the words of the format.
    text
        A noun phrase; ``{}`` stands for the name of the one task that is waited for.
    seconds
        How long a sleep is.
    futures
        What it waits for, tasks among them.
    """

    kind: str
    text: str
    seconds: float | None = None
    futures: tuple[Any, ...] = ()


Operation = Callable[[FrameType], Wait | None]


def describe_wait(frames: Iterable[FrameType], future: Any, thread: str | None) -> Wait:
    """Say what a task waits for.

    Parameters
    ----------
    frames
        What the user's code awaits, outermost first.
    future
        The future that the task has given to the loop; None for a bare ``yield``.
    thread
        The function that is run in a thread for this future, if there is one.
    """
    found = None
    is_http = False
    for frame in frames:
        operation = _find_operation(frame)
        if operation is not None:
            # The outermost one was called; but whatever else a library does is its own business.
            found = found or operation(frame)
            if found is not None and found.kind == "sleep":
                return found
        is_http |= _is_http(frame)
    if is_http:
        return Wait("answer", "answer of the server")
    if thread is not None:
        return Wait("thread", f"{thread} in a thread")
    return found or _describe_future(future)


def function_name(function: Any) -> str:
    """Return what a function is called in code: ``time.sleep``, ``save_notes``."""
    while isinstance(function, partial):  # asyncio.to_thread runs it in a copy of the context
        is_run = getattr(function.func, "__name__", "") == "run" and bool(function.args)
        function = function.args[0] if is_run else function.func
    name = getattr(function, "__name__", type(function).__name__)
    module = getattr(function, "__module__", None)
    is_of_c = not hasattr(function, "__code__") and module not in (None, "builtins", "__main__")
    return f"{module}.{name}" if is_of_c else str(name)


def _describe_future(future: Any) -> Wait:
    if future is None:
        return Wait("turn", "its next turn")
    children = getattr(future, "_children", None)
    if children is not None:
        return Wait("gather", f"gather of {len(children)}", futures=tuple(children))
    if hasattr(future, "get_coro"):
        return Wait("task", "task {}", futures=(future,))
    return Wait("future", "future")


def _find_operation(frame: FrameType) -> Operation | None:
    code = frame.f_code
    if not code.co_filename.startswith(ASYNCIO):
        return None
    module = Path(code.co_filename).stem
    return (
        _OPERATIONS.get(f"{module}.{code.co_qualname}")
        or _OPERATIONS.get(f"{module}.{code.co_name}")
        or _OPERATIONS.get(f"{module}.*")
    )


def _is_http(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    for place in ("site-packages", "dist-packages"):
        _, found, inside = file.partition(place + os.sep)
        if found and inside.split(os.sep)[0].removesuffix(".py") in _HTTP:
            return True
    return _OWN_HTTP in file


def _sleep(frame: FrameType) -> Wait:
    delay = frame.f_locals.get("delay", 0)
    if not isinstance(delay, int | float) or delay <= 0:
        return Wait("turn", "its next turn")
    return Wait("sleep", f"sleep {delay:.3g} s", seconds=float(delay))


def _group(frame: FrameType) -> Wait:
    tasks = tuple(getattr(frame.f_locals.get("self"), "_tasks", ()))
    return Wait("group", f"TaskGroup of {len(tasks)}" if tasks else "TaskGroup", futures=tasks)


def _wait(frame: FrameType) -> Wait:
    futures = tuple(frame.f_locals.get("fs", ()))
    which = "all" if frame.f_locals.get("return_when") == asyncio.ALL_COMPLETED else "the first"
    return Wait("wait", f"{which} of {len(futures)}", futures=futures)


def _next_completed(frame: FrameType) -> Wait:
    seen = frame.f_locals
    return Wait("wait", NEXT, futures=tuple(getattr(seen.get("self"), "_todo", ())))


def _wait_for(frame: FrameType) -> Wait | None:
    task = frame.f_locals.get("fut")  # Python 3.11 makes one; later ones await it at once
    if not hasattr(task, "get_coro"):
        return None
    return Wait("task", "task {}", futures=(task,))


def _fixed(kind: str, text: str | None = None) -> Operation:
    wait = Wait(kind, text or kind)
    return lambda _: wait


_CONNECTION = _fixed("socket", "data from the connection")
_OPERATIONS: dict[str, Operation] = {
    "tasks.sleep": _sleep,
    "tasks.wait": _wait,
    "tasks._wait": _wait,
    "tasks.wait_for": _wait_for,
    "tasks._wait_for_one": _next_completed,
    "taskgroups.TaskGroup.__aexit__": _group,
    "taskgroups.TaskGroup._aexit": _group,
    "locks.Lock.acquire": _fixed("lock"),
    "locks.Semaphore.acquire": _fixed("semaphore"),
    "locks.Event.wait": _fixed("event"),
    "locks.Condition.wait": _fixed("condition"),
    "locks.Condition.wait_for": _fixed("condition"),
    "locks.Barrier.wait": _fixed("barrier"),
    "queues.Queue.get": _fixed("queue", "queue (an item)"),
    "queues.Queue.put": _fixed("queue", "queue (room)"),
    "queues.Queue.join": _fixed("queue", "queue (all items done)"),
    "streams.open_connection": _fixed("socket", "connection"),
    "streams.StreamWriter.drain": _fixed("socket", "room in the connection"),
    "streams.*": _CONNECTION,
    "subprocess.*": _fixed("process", "process"),
    "base_events.create_connection": _fixed("socket", "connection"),
    "base_events.getaddrinfo": _fixed("socket", "address of the server"),
    "selector_events.sock_connect": _fixed("socket", "connection"),
    "selector_events.*": _CONNECTION,
}
