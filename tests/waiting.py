"""How tests wait: for a condition; and by sleeping, where time itself is tested."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any


def wait_until(is_so: Callable[[], Any], *, patience: float = 20.0, every: float = 0.01) -> Any:
    """Poll `is_so` until it returns a true value, and return that; fail after `patience` s."""
    ends = time.monotonic() + patience
    while not (found := is_so()):
        assert time.monotonic() < ends, f"waited for {patience:g} s in vain"
        time.sleep(every)
    return found


async def wait_until_async(
    is_so: Callable[[], Any], *, patience: float = 20.0, every: float = 0.01
) -> Any:
    """Do the same without blocking the loop; `is_so` may be a coroutine function."""
    ends = time.monotonic() + patience
    while not (found := await _evaluate(is_so)):
        assert time.monotonic() < ends, f"waited for {patience:g} s in vain"
        await asyncio.sleep(every)
    return found


async def _evaluate(is_so: Callable[[], Any]) -> Any:
    found = is_so()
    return await found if inspect.isawaitable(found) else found


def let_pass(seconds: float = 0.0, *, until: float = 0.0) -> None:
    """Sleep for `seconds`, or `until` a ``time.monotonic()``, while something must not happen."""
    time.sleep(seconds or max(0.0, until - time.monotonic()))


async def let_pass_async(seconds: float) -> None:
    """Do the same without blocking the loop."""
    await asyncio.sleep(seconds)


def block(seconds: float) -> None:
    """Block this thread, and its event loop, as computations or a busy machine do."""
    time.sleep(seconds)


async def take(seconds: float, result: Any = None) -> Any:
    """Return `result` after `seconds`, as an awaited call does."""
    return await asyncio.sleep(seconds, result)


async def give_way() -> None:
    """Yield to the event loop for one iteration."""
    await asyncio.sleep(0)


async def never() -> None:
    """Wait until cancelled."""
    await asyncio.Event().wait()
