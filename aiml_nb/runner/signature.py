"""Give a function the signature of another, for help, completion and type checkers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def takes_arguments_of(
    model: Callable[P, object],
) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Give a function the signature of `model`, for help, completion and type checkers."""

    def mark(function: Callable[..., R]) -> Callable[P, R]:
        own = inspect.signature(function)
        signature = inspect.signature(model).replace(return_annotation=own.return_annotation)
        function.__signature__ = signature  # type: ignore[attr-defined]
        return function

    return mark
