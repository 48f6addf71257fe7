"""Who woke a task: a timer, another task, a thread, the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import ceil
from types import FrameType
from typing import Any, NamedTuple

from ..watching.blocked import is_users
from .waits import ASYNCIO, Wait


class Waker(NamedTuple):
    """What was going on when a task became ready.

    Parameters
    ----------
    kind
        One of the words of the format.
    task
        The task in whose step it was, or that made the callback in which it was.
    due
        When the timer was due.
    seconds
        For how long the timer was set.
    """

    kind: str
    task: int | None = None
    due: float | None = None
    seconds: float | None = None


START = Waker("start")
SOCKET = Waker("socket")  # whatever the loop calls that nobody has scheduled
THREAD = Waker("thread")
END = Waker("cancel")  # the program is over, and what is left is cancelled

_DEED = {
    "lock": "which released the lock",
    "semaphore": "which released the semaphore",
    "event": "which set the event",
    "condition": "which notified the condition",
    "barrier": "which came to the barrier last",
    "queue (an item)": "which put an item into the queue",
    "queue (room)": "which took an item out of the queue",
    "queue (all items done)": "which finished the last item of the queue",
    "future": "which set the future",
}
_OF_SOCKET = {"answer": "bytes from the server", "socket": "the connection"}
_OF_THREAD = {"process": "the end of the process", "socket": "the address of the server"}


def waker_of_timer(callback: Callable[..., Any], *, when: float, now: float) -> Waker:
    """Return who wakes a task if this callback of a timer does."""
    is_sleep = getattr(callback, "__name__", "") == "_set_result_unless_cancelled"
    return Waker("timer" if is_sleep else "timeout", None, when, whole_milliseconds(when - now))


def whole_milliseconds(seconds: float) -> float:
    """Return for how long a timer was meant: setting it takes some microseconds."""
    return ceil(round(seconds * 1000, 2)) / 1000


def is_users_timeout(callback: Callable[..., Any], frame: FrameType) -> bool:
    """Tell whether a timer is that of an ``asyncio.timeout`` or ``wait_for`` in the user's code."""
    owner = getattr(callback, "__self__", None)
    name = getattr(callback, "__name__", "")
    if not isinstance(owner, asyncio.Timeout) and name != "_release_waiter":  # Python 3.11
        return False
    caller = outside_asyncio(frame)
    return caller is not None and is_users(caller.f_code)


def outside_asyncio(frame: FrameType | None) -> FrameType | None:
    """Return the first frame, from this one outwards, that is not asyncio's."""
    while frame is not None and frame.f_code.co_filename.startswith(ASYNCIO):
        frame = frame.f_back
    return frame


def tell_waker(waker: Waker, wait: Wait | None, name: str, ending: str | None) -> str:
    """Say who woke a task, fit for "woken by …".

    Parameters
    ----------
    waker
        Who it was.
    wait
        What the task had waited for; None at its first step.
    name
        That of the task that woke it, if one did.
    ending
        How that task has ended, if it did so in the same step.
    """
    if waker.kind == "task":
        return f"{name}, {_tell_deed(wait, ending)}"
    if waker.kind == "cancel":
        return f"{name}, which cancelled it" if name else "the end of the program"
    if waker.kind in ("timer", "timeout"):
        which = "its timeout" if waker.kind == "timeout" else "the timer"
        seconds = wait.seconds if wait and waker.kind == "timer" else waker.seconds
        return f"{which} of {seconds:.3g} s" if seconds is not None else which
    if waker.kind == "start":
        return f"its start by {name or 'LoopView'}"
    if waker.kind == "thread":
        of_thread = wait and wait.kind == "thread" and wait.text.removesuffix(" in a thread")
        other = _OF_THREAD.get(wait.kind if wait else "", "a thread")
        return f"the thread of {of_thread}" if of_thread else other
    if waker.kind == "turn":
        return "its turn, which has come again"
    return _OF_SOCKET.get(wait.kind if wait else "", "the network")


def _tell_deed(wait: Wait | None, ending: str | None) -> str:
    if wait is not None and (deed := _DEED.get(wait.text if wait.kind == "queue" else wait.kind)):
        return deed
    return {"raised": "which failed", "cancelled": "which was cancelled"}.get(
        ending or "", "which finished" if ending else "which made it go on"
    )
