"""Coroutines that a learner's function got and did not await, or gave back without an await."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine, Generator
from itertools import islice
from typing import Any


class Prepared:
    """Keeps the coroutines that a learner's function got, to close those it forgot to await.

    Attributes
    ----------
    forgotten
        How many of them were never awaited; known after `discard_prepared`.
    """

    def __init__(self) -> None:
        self._coroutines: list[Coroutine[Any, Any, Any]] = []
        self.forgotten = 0

    def keep(self, coroutine: Coroutine[Any, Any, Any], name: str) -> Coroutine[Any, Any, Any]:
        """Return the coroutine, named as the learner knows it.

        Parameters
        ----------
        coroutine
            What the learner's function gets.
        name
            Of the function that it called.
        """
        named: Any = coroutine
        named.__name__ = named.__qualname__ = name  # as Python's messages name it
        self._coroutines.append(coroutine)
        return coroutine

    def discard_prepared(self) -> int:
        """Close those that were never awaited, of which Python would warn in a later cell.

        Returns
        -------
        int
            How many were handed out, awaited or not.
        """
        for coroutine in self._coroutines:
            if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
                coroutine.close()
                self.forgotten += 1
        return len(self._coroutines)


def discard_coroutine(value: object) -> bool:
    """Close `value` and return True if it is a coroutine; else Python would warn of it later."""
    if not inspect.iscoroutine(value):
        return False
    value.close()
    return True


def gone_through(value: Any) -> Any:
    """Return what an iterator gives as a list, made where it may still start tasks; else `value`.

    At most a thousand items, since it may have no end.
    """
    return list(islice(value, 1000)) if isinstance(value, Generator | map | filter | zip) else value


def is_unawaited(value: object) -> bool:
    """Say whether a value is still to be awaited: a task, or a coroutine, which is closed."""
    return discard_coroutine(value) or asyncio.isfuture(value)
