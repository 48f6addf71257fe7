"""Exceptions of a function that end the whole run, as they would end any other loop over items."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

# Exceptions that are the record of their item.
_OF_ITEM = (Exception, asyncio.CancelledError)


class FunctionExit(Exception):  # noqa: N818  as SystemExit
    """What a run raises inside when its function has ended it; callers get `error` alone.

    It is an Exception: a task that raises SystemExit or KeyboardInterrupt breaks its event loop.

    Parameters
    ----------
    error
        What the function raised.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"the function raised {type(error).__name__}")
        self.error = error


def ends_run(error: BaseException) -> bool:
    """Say whether a function's exception ends the run: SystemExit and others for whole programs.

    A CancelledError of its own does not: something else that it waited for was cancelled.
    """
    if isinstance(error, BaseExceptionGroup):
        return error.split(_OF_ITEM)[1] is not None
    return not isinstance(error, _OF_ITEM)


@contextmanager
def function_exit() -> Iterator[None]:
    """Raise what the function has ended the run with, in the place of FunctionExit."""
    error: BaseException | None = None
    try:
        yield
    except FunctionExit as found:
        error = found.error
    if error is not None:
        context = error.__context__
        try:
            raise error
        finally:  # Python has made ours its context
            error.__context__ = context
