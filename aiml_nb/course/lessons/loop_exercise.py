"""Lesson 2's exercise on the running loop: tried with no loop, an idle one and a running one."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..engine.exercises import NotYet, require, show
from ..engine.expect import expect_function
from ..engine.run_answer import run_answer

# Functions of asyncio that make or start an event loop.
_STARTERS = {"new_event_loop", "run_until_complete", "run_forever"}


def check_is_loop_running(is_loop_running: object) -> str:
    """Check what the function says with no loop, an idle loop and a running loop."""
    function = expect_function(is_loop_running, "is_loop_running")
    require(
        not inspect.iscoroutinefunction(function),
        "an async function needs a loop to be asked whether there is one. Use a plain def.",
    )
    try:
        outside, started = run_answer(_call_watched, function)
    except RuntimeError as error:
        raise NotYet(
            f"where no loop is running it stopped with RuntimeError: {error}. Catch that error: it "
            "is the sign that there is none."
        ) from None
    inside, in_callback = run_answer(_call_in_loop, function)
    idle = run_answer(_call_beside_idle_loop, function)
    _compare(inside, outside)
    require(
        not started,
        f"it made or started a loop to find out ({', '.join(started[:2])}). Asking is enough: "
        "get_running_loop().",
    )
    require(
        idle is False,
        "where there is a loop that is not running, it says True. A script has such a loop before "
        "it begins: get_event_loop() returns it, or makes one. Use get_running_loop().",
    )
    require(
        in_callback is True,
        "the loop also calls plain functions, which are no tasks; there it says False.",
    )
    return "It knows both places, and starts nothing to find out."


def _compare(inside: object, outside: object) -> None:
    require(
        isinstance(outside, bool) and isinstance(inside, bool),
        f"it returned {show(inside)} where a loop is running and {show(outside)} where none is. "
        "Return True or False.",
    )
    require(inside or not outside, "the two are the wrong way round: True where a loop is running.")
    require(
        inside, "where a loop is running it says False. get_running_loop() does not raise there."
    )
    require(not outside, "in a thread of its own, where no loop is running, it says True.")


def _call_watched(function: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Return the result, and which functions that start a loop were called."""
    started: list[str] = []

    def note(frame: FrameType, event: str, argument: object) -> None:
        name = frame.f_code.co_name
        if event == "call" and name in _STARTERS:
            started.append(name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        result = function()
    finally:
        sys.setprofile(before)
    return result, started


async def _call_in_loop(function: Callable[[], Any]) -> tuple[Any, Any]:
    """Return what the function says in a coroutine, and in a callback of the loop."""
    loop = asyncio.get_running_loop()
    said: asyncio.Future[Any] = loop.create_future()
    in_coroutine = function()
    loop.call_soon(lambda: said.set_result(_call_safely(function)))
    return in_coroutine, await said


def _call_safely(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except RuntimeError as error:
        return error


def _call_beside_idle_loop(function: Callable[[], Any]) -> Any:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return function()
    finally:
        asyncio.set_event_loop(None)
        loop.close()
