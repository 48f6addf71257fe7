"""`Prepared`: the coroutines that a check has handed out, and how many were never awaited."""

from __future__ import annotations

import inspect
from collections.abc import Coroutine
from typing import Any


class Prepared:
    """Keeps the coroutines that a learner's function got, to close those it forgot to await."""

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

    def discard_prepared(self) -> None:
        """Close those that were never awaited, of which Python would warn later; count them."""
        for coroutine in self._coroutines:
            if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
                coroutine.close()
                self.forgotten += 1
