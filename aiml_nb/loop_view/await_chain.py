"""From a task down to what it waits for: the frames of the coroutines that await one another."""

from __future__ import annotations

import gc
from types import CodeType, FrameType
from typing import Any

from ..watching.blocked import is_users

_MAX_DEPTH = 200
_FRAMES = ("cr_frame", "gi_frame", "ag_frame")
_AWAITED = ("cr_await", "gi_yieldfrom", "ag_await")


def await_chain(coroutine: Any) -> list[FrameType]:
    """Return the frames of a coroutine that is paused, and of all that it awaits: outermost first.

    Parameters
    ----------
    coroutine
        As ``Task.get_coro`` returns it.
    """
    frames: list[FrameType] = []
    link = coroutine
    for _ in range(_MAX_DEPTH):
        if link is None:
            break
        frame = next((each for name in _FRAMES if (each := getattr(link, name, None))), None)
        if frame is not None:
            frames.append(frame)
        link = _awaited(link)
    return frames


def users_part(frames: list[FrameType]) -> tuple[FrameType | None, list[FrameType]]:
    """Return the innermost frame of the user's own code, and the frames that it awaits."""
    for place in range(len(frames) - 1, -1, -1):
        if is_users(frames[place].f_code):
            return frames[place], frames[place + 1 :]
    return None, frames


def code_of(coroutine: Any) -> CodeType | None:
    """Return the code of a coroutine; None if it has none, as those of extension modules."""
    for name in ("cr_code", "gi_code", "ag_code"):
        if (code := getattr(coroutine, name, None)) is not None:
            return code  # type: ignore[no-any-return]
    return None


def _awaited(link: Any) -> Any:
    for name in _AWAITED:
        if hasattr(link, name):
            return getattr(link, name)
    # What ``async for`` and ``__await__`` put between does not say what it awaits; the garbage
    # collector has to know.
    if type(link).__module__ != "builtins":
        return None
    return next((each for each in gc.get_referents(link) if _has_frame(each)), None)


def _has_frame(link: Any) -> bool:
    return any(hasattr(link, name) for name in _FRAMES)
