"""`patch_loop`: patch the event loop of a notebook, and say in one line what was done."""

from __future__ import annotations

import asyncio
import sys

from . import browser, nesting
from .report import LoopReport, describe, describe_browser
from .run import prepare, run_in_cell


def patch_loop() -> LoopReport:
    """Make ``asyncio.run()`` work in a notebook's cells; print one line and return it in parts.

    Needed once, in any cell; more often does no harm. It never raises: what cannot be patched is
    left alone, and the report says so and what happens instead. Where no loop runs (a script, a
    terminal) there is nothing to patch. A patch that nest_asyncio applied before is replaced,
    because it loses the cells that are queued while one is running; applied later, it does nothing.

    The patch stays until the kernel is restarted.

    Examples
    --------
    >>> report = patch_loop()
    >>> report.situation
    'nested'
    """
    report = _patch()
    sys.stdout.write(f"{report}\n")
    return report


def inspect_loop() -> LoopReport:
    """Return what `patch_loop` finds here, without patching or printing anything."""
    if browser.in_browser():
        return describe_browser(browser.can_wait())
    loop = asyncio._get_running_loop()
    if loop is None:
        return describe(None, found=nesting.NOTHING)
    found = nesting.find_patch(loop, run_in_cell)
    problem = nesting.why_not_nestable(loop)
    return describe(loop, found=found, problem=problem, patched=found == nesting.OURS)


def _patch() -> LoopReport:
    if browser.in_browser():
        return describe_browser(browser.can_wait())
    loop = asyncio._get_running_loop()
    if loop is None:
        return describe(None, found=nesting.NOTHING)
    return prepare(loop)
