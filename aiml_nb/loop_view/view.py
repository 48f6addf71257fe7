"""`LoopView`: coroutines are run once, and each step of their event loop can be looked at."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import LoopError
from ..formats.atomic import write_atomic
from ..loop.browser import in_browser
from .record import Runnable, record
from .replay import to_html, to_notebook
from .table import to_rows, to_text

if TYPE_CHECKING:
    import pandas as pd


class LoopView:
    """Run coroutines once on an event loop of their own, and show each step of it.

    They run in another thread, so that it works in a cell, too, where a loop is running already.
    What they print appears as always. An exception ends its task and is shown; it is not raised.

    Parameters
    ----------
    *coroutines
        Coroutines, such as ``boil("tea", 0.3)``: each is a task from the beginning, in this order.
        Or one async function without parameters, which may start others.
    max_steps
        After so many steps of tasks it is stopped.
    max_seconds
        After so many seconds it is stopped, also in a step that never lets go of the loop.

    Raises
    ------
    TypeError
        If one of them is no coroutine and no async function, or that needs arguments.
    LoopError
        In a browser's Python, which has no threads.

    Examples
    --------
    >>> view = LoopView(boil("tea", 0.3), boil("eggs", 0.5))
    >>> view.save("loop.html")
    """

    def __init__(
        self,
        *coroutines: Coroutine[Any, Any, Any] | Callable[[], Coroutine[Any, Any, Any]],
        max_steps: int = 500,
        max_seconds: float = 30.0,
    ) -> None:
        try:
            _check(coroutines, max_steps, max_seconds)
        except Exception:
            _close(coroutines)
            raise
        self._recording = record(coroutines, max_steps=max_steps, max_seconds=max_seconds)

    @classmethod
    def from_recording(cls, recording: dict[str, Any]) -> LoopView:
        """Show what has been recorded before.

        Parameters
        ----------
        recording
            As ``recording`` of another one, perhaps read from JSON.
        """
        view = cls.__new__(cls)
        view._recording = recording
        return view

    @property
    def recording(self) -> dict[str, Any]:
        """Everything that was recorded: plain JSON, times in seconds from the beginning."""
        return self._recording

    @property
    def steps(self) -> pd.DataFrame:
        """A row for each step, in order."""
        import pandas as pd

        return pd.DataFrame(to_rows(self._recording)).rename_axis("step")

    def save(self, path: str | Path, *, title: str | None = None) -> Path:
        """Write it as one HTML file, which replays it in any browser; return where it is.

        Parameters
        ----------
        path
            The file, such as ``loop.html``.
        title
            The page's title; None takes the names of the tasks.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        page = to_html(self._recording, title=title)
        return write_atomic(Path(path), [page.encode()], is_private=False)

    def __repr__(self) -> str:
        return to_text(self._recording)

    def _repr_html_(self) -> str:
        return to_notebook(self._recording)


def _close(given: Any) -> None:
    """Close coroutines that are not run: Python would complain of them later."""
    for each in given:
        if inspect.iscoroutine(each):
            each.close()
        elif isinstance(each, list | tuple | set):
            _close(each)


def _check(coroutines: tuple[Runnable, ...], max_steps: int, max_seconds: float) -> None:
    if in_browser():
        raise LoopError(
            "LoopView runs a second event loop in a thread, and the Python of a browser has no "
            "threads. Run this notebook in a kernel on a computer."
        )
    if not coroutines:
        raise TypeError(
            'LoopView() got nothing to run. Give it coroutines, as in LoopView(boil("tea", 0.3), '
            'boil("eggs", 0.5)), or an async function.'
        )
    for each in coroutines:
        _check_one(each)
    if isinstance(max_steps, bool) or not isinstance(max_steps, int) or max_steps < 1:
        raise ValueError(
            f"max_steps must be a whole number from 1, such as 500; not {max_steps!r}."
        )
    is_number = isinstance(max_seconds, int | float) and not isinstance(max_seconds, bool)
    if not is_number or not isfinite(max_seconds) or max_seconds <= 0:
        raise ValueError(f"max_seconds must be a number above 0, such as 30; not {max_seconds!r}.")


def _check_one(given: Any) -> None:
    if inspect.iscoroutine(given):
        return
    if _is_async_function(given):
        try:
            inspect.signature(given).bind()
        except TypeError as error:
            name = getattr(given, "__name__", type(given).__name__)
            raise TypeError(
                f"LoopView calls {name}() without arguments, and that does not do: {error}. Call "
                f"it yourself: LoopView({name}(…))."
            ) from None
        return
    raise TypeError(f"LoopView needs coroutines or an async function; not {_tell(given)}")


def _is_async_function(given: Any) -> bool:
    return inspect.iscoroutinefunction(given) or (
        callable(given)
        and not inspect.isclass(given)
        and inspect.iscoroutinefunction(type(given).__call__)
    )


def _tell(given: Any) -> str:
    """Say what something is that is no coroutine, and what to type instead."""
    name = getattr(given, "__name__", type(given).__name__)
    if isinstance(given, list | tuple | set) or inspect.isgenerator(given):
        return f"a {type(given).__name__}. With a star it gets each of them: LoopView(*…)."
    if inspect.isasyncgen(given) or inspect.isasyncgenfunction(given):
        return f"the async generator {name}. Put its  async for  loop into an  async def main()."
    if hasattr(given, "get_loop"):
        return (
            f"a {type(given).__name__}, which belongs to the loop that made it. Give the coroutine "
            "itself."
        )
    if inspect.isawaitable(given):
        return f"a {type(given).__name__}. Await it in an  async def main(), and give that."
    if callable(given):
        return f"{name}, which is not async. Define it with  async def."
    return f'{given!r:.60}. Call an async function, as in LoopView(boil("tea", 0.3)).'
