"""Calls that are made in threads which a function has started belong to its item or step.

A thread has a context of its own, and so has a pool's: what it is told here is only where its calls
are recorded.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from .places import Place, current_places, note_thread


def wrap_start(original: Any) -> Any:
    """Have `threading.Thread.start` note where the calls of the thread belong."""

    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        if places := current_places.get():
            note_thread(self, places)
        original(self)

    return start


def wrap_submit(original: Any) -> Any:
    """Have `ThreadPoolExecutor.submit` do so for one function: a pool may serve several."""

    @functools.wraps(original)
    def submit(self: Any, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
        if places := current_places.get():
            function = functools.partial(_run_at, places, function)
        return original(self, function, *arguments, **options)

    return submit


def _run_at(
    places: tuple[Place, ...], function: Callable[..., Any], *arguments: Any, **options: Any
) -> Any:
    token = current_places.set(places)
    try:
        return function(*arguments, **options)
    finally:
        current_places.reset(token)
