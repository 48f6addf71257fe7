"""Await a learner's coroutine, and measure how late the event loop runs meanwhile."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ...loop import LoopLag
from .exercises import NotYet
from .prepared import discard_coroutine, gone_through
from .run_answer import run_answer

# Seconds; the exercises take about one, and a busy machine is slower.
_TIMEOUT = 10.0


def run_measuring_lag(*begin: Callable[[], Any]) -> tuple[list[Any], float]:
    """Start all awaitables, await them together, and return the largest lag of the loop.

    Parameters
    ----------
    begin
        Each returns an awaitable.

    Returns
    -------
    tuple
        The results, and the lag in seconds.

    Raises
    ------
    NotYet
        If there is nothing to await, or it does not come to an end.
    """
    results, lag = run_answer(_measure, begin)
    return results, lag


async def _measure(begin: tuple[Callable[[], Any], ...]) -> tuple[list[Any], float]:
    async with LoopLag() as lag:
        awaitables = [each() for each in begin]
        if not all(map(inspect.isawaitable, awaitables)):
            for each in awaitables:
                discard_coroutine(each)
            raise NotYet(
                "the function gave its result without being awaited. Begin it with  async def."
            )
        try:
            async with asyncio.timeout(_TIMEOUT) as limit:
                results = await asyncio.gather(*awaitables)
        except TimeoutError:
            if not limit.expired():
                raise
            raise NotYet(
                f"your function was not done after {_TIMEOUT:.0f} s. asyncio.sleep wants to know "
                "how long to wait, not until when; and is there something that never comes?"
            ) from None
    for result in results:
        await _finish_task(result)
    return list(map(gone_through, results)), lag.maximum


async def _finish_task(result: object) -> None:
    """Wait for a task that was not awaited; Python would warn of it in a later cell."""
    if asyncio.isfuture(result):
        with suppress(BaseException):
            await asyncio.wait_for(asyncio.shield(result), _TIMEOUT)
