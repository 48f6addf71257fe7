"""Await what a learner wrote, and watch the loop meanwhile."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ...loop import LoopLag
from .exercises import NotYet, require
from .run_answer import run_answer

# Seconds: more than a busy machine needs for what takes one, less than a learner's patience.
_TIMEOUT = 10.0


def run_measuring_lag(*begin: Callable[[], Any]) -> tuple[list[Any], float]:
    """Begin all, await them together, and say how late the loop was at worst.

    Parameters
    ----------
    begin
        Each gives something to await.

    Returns
    -------
    tuple
        What was returned, and seconds.

    Raises
    ------
    NotYet
        If there is nothing to await, or it does not come to an end.
    """
    results, lag = run_answer(_watch, begin)
    return results, lag


async def _watch(begin: tuple[Callable[[], Any], ...]) -> tuple[list[Any], float]:
    async with LoopLag() as lag:
        begun = [each() for each in begin]
        require(
            all(map(inspect.isawaitable, begun)),
            "the function gave its result without being awaited. Begin it with  async def.",
        )
        try:
            async with asyncio.timeout(_TIMEOUT) as limit:
                results = await asyncio.gather(*begun)
        except TimeoutError:
            if not limit.expired():
                raise
            raise NotYet(
                f"your function was not done after {_TIMEOUT:.0f} s. asyncio.sleep wants to know "
                "how long to wait, not until when; and is there something that never comes?"
            ) from None
    for result in results:
        await _leave_quietly(result)
    return results, lag.maximum


async def _leave_quietly(result: object) -> None:
    """Let work that nobody awaited come to an end, without a warning in some later cell."""
    if asyncio.isfuture(result):
        with suppress(BaseException):
            await asyncio.wait_for(asyncio.shield(result), _TIMEOUT)


def discard_coroutine(value: object) -> bool:
    """Say whether `value` is a coroutine; if so close it, or Python warns of it later."""
    if not inspect.iscoroutine(value):
        return False
    value.close()
    return True
