"""Collect answers with the exercise that they belong to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

RIGHT: list[tuple[str, Any]] = []
WRONG: list[tuple[str, Any, str]] = []


def right(key: str) -> Callable[[T], T]:
    """Keep an answer that is as right as the solution."""

    def keep(answer: T) -> T:
        RIGHT.append((key, answer))
        return answer

    return keep


def wrong(key: str, says: str) -> Callable[[T], T]:
    """Keep a wrong answer, and a part of what its learner is to be told."""

    def keep(answer: T) -> T:
        WRONG.append((key, answer, says))
        return answer

    return keep
