"""Wait for a coroutine from code that is not async, in a script or in a notebook's cell."""

from __future__ import annotations

import asyncio
import asyncio.runners
import inspect
import sys
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from . import nesting
from .background import run_in_background
from .browser import in_browser, run_in_browser
from .interrupt import refuse_when_ending
from .nested import run_nested
from .owner import warn_inside_run
from .report import LoopReport, describe

T = TypeVar("T")


def run_coroutine(coro: Coroutine[Any, Any, T]) -> T:
    """Run `coro` to its end and return its result, in a script or in a notebook's cell.

    In a script it is ``asyncio.run``. In a cell it runs inside the notebook's own loop, which is
    made nestable the first time, as by `patch_loop`, and one printed line says so. An interrupt
    cancels `coro`, then raises KeyboardInterrupt; a second one raises at once. Tasks that `coro`
    leaves behind are cancelled.

    Raises
    ------
    TypeError
        If `coro` is not a coroutine.
    LoopError
        If nothing here can wait for a coroutine (a browser without stack switching).
    """
    if not asyncio.iscoroutine(coro):
        raise TypeError(_not_a_coroutine(coro))
    loop = asyncio._get_running_loop()
    if loop is not None and not in_browser() and asyncio.run is not run_in_cell:
        sys.stdout.write(f"{prepare(loop)}\n")
    return _run_here(coro)


def run_in_cell(main: Awaitable[T], *, debug: bool | None = None, **options: Any) -> T:
    """Replace ``asyncio.run`` in a notebook; where no loop runs it still is the original.

    A ``loop_factory`` is used only where a loop has to be made.
    """
    if asyncio._get_running_loop() is None:
        original: Any = asyncio.runners.run
        result: T = original(main, debug=debug, **options)
        return result
    if not inspect.isawaitable(main):
        raise ValueError(f"a coroutine was expected, got {main!r}")
    coro: Any = main if asyncio.iscoroutine(main) else _wait_for(main)
    answer: T = _run_here(coro, debug=debug)
    return answer


def prepare(loop: asyncio.AbstractEventLoop) -> LoopReport:
    """Make ``asyncio.run`` work inside the running `loop`, and return the report."""
    found = nesting.find_patch(loop, run_in_cell)
    problem = nesting.why_not_nestable(loop)
    try:
        if not problem:
            nesting.make_nestable(loop)
    except Exception as error:  # noqa: BLE001 - a foreign patch failed: a report, not an exception
        problem = f"nest-asyncio2 could not patch it ({error!r})"
    if not problem and nesting.way_of(loop) != nesting.NESTED:
        problem = "nest-asyncio2 could not patch it earlier"
    if problem:
        nesting.keep_from_nesting(loop)
    asyncio.run = run_in_cell
    return describe(loop, found=found, problem=problem)


def _run_here(coro: Coroutine[Any, Any, T], *, debug: bool | None = None) -> T:
    if in_browser():
        return run_in_browser(coro)
    loop = asyncio._get_running_loop()
    if loop is None:
        return asyncio.runners.run(coro, debug=debug)
    try:
        refuse_when_ending()
        warn_inside_run()
    except (KeyboardInterrupt, RuntimeWarning):  # the warning, if warnings are set to be errors
        coro.close()
        raise
    if not nesting.way_of(loop):  # a thread's loop, of another class than the patched one
        prepare(loop)
    if nesting.way_of(loop) == nesting.NESTED:
        return run_nested(loop, coro, debug=debug)
    return run_in_background(coro)


async def _wait_for(anything: Awaitable[T]) -> T:
    return await anything


def _not_a_coroutine(found: object) -> str:
    text = f"run_coroutine() got {found!r}, expected a coroutine. "
    if inspect.iscoroutinefunction(found):
        return f"{text}Call the function: type  run_coroutine({found.__name__}())."
    return f"{text}Pass what calling an async function gives: type  run_coroutine(main())."
