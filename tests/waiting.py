"""How tests wait: for what they can see; and the few times that are part of what is tested."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any


def wait_until(is_so: Callable[[], Any], *, patience: float = 20.0, every: float = 0.01) -> Any:
    """Return what `is_so` gives, once it is true; fail where it is not within `patience`."""
    ends = time.monotonic() + patience
    while not (found := is_so()):
        assert time.monotonic() < ends, f"waited for {patience:g} s in vain"
        time.sleep(every)
    return found


async def wait_until_async(
    is_so: Callable[[], Any], *, patience: float = 20.0, every: float = 0.01
) -> Any:
    """Do the same and leave the loop free; `is_so` may be a coroutine function."""
    ends = time.monotonic() + patience
    while not (found := await _evaluate(is_so)):
        assert time.monotonic() < ends, f"waited for {patience:g} s in vain"
        await asyncio.sleep(every)
    return found


async def _evaluate(is_so: Callable[[], Any]) -> Any:
    found = is_so()
    return await found if inspect.isawaitable(found) else found


def let_pass(seconds: float = 0.0, *, until: float = 0.0) -> None:
    """Let time go by, or until this ``time.monotonic()``, in which something must not happen."""
    time.sleep(seconds or max(0.0, until - time.monotonic()))


async def let_pass_async(seconds: float) -> None:
    """Do the same and leave the loop free."""
    await asyncio.sleep(seconds)


def block(seconds: float) -> None:
    """Hold up this thread, and with it its loop, as work does and a machine that is busy."""
    time.sleep(seconds)


async def take(seconds: float, result: Any = None) -> Any:
    """Take so long and leave the loop free, as a server does that answers."""
    return await asyncio.sleep(seconds, result)


async def give_way() -> None:
    """Let the loop turn once."""
    await asyncio.sleep(0)


async def never() -> None:
    """Wait until somebody cancels it."""
    await asyncio.Event().wait()
