"""Answers as the cases of tests: the first right one is quick, most wrong ones are exhaustive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

QUICK = {"11.2", "11.6", "11.9"}
EXHAUSTIVE = [pytest.mark.slow, pytest.mark.exhaustive]


def named(group: type) -> dict[str, Any]:
    return {name: getattr(group, name) for name in vars(group) if not name.startswith("_")}


def told(says: str, answer: Callable[..., Any]) -> Any:
    """Return a wrong answer with what it is told as its docstring, as the others have it."""
    answer.__doc__ = says
    return staticmethod(answer)


def right_answers(key: str, group: type) -> list[Any]:
    return [
        pytest.param(
            key,
            answer,
            id=f"{key}-{name}",
            marks=[] if place == 0 and key in QUICK else [pytest.mark.slow],
        )
        for place, (name, answer) in enumerate(named(group).items())
    ]


def wrong_answers(key: str, group: type) -> list[Any]:
    """Return the answers of a class; the docstring of each is a part of what it is told."""
    return [
        pytest.param(
            key,
            answer,
            id=f"{key}-{name}",
            marks=[pytest.mark.slow] if place < 2 else EXHAUSTIVE,
        )
        for place, (name, answer) in enumerate(named(group).items())
    ]
