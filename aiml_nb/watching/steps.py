"""Steps: inner functions with a name, drawn inside the bar of what they are part of."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import inspect
import weakref
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, overload

from ..endpoint.failures import quote
from ..endpoint.function_failures import explain_error
from ..endpoint.sent_keys import NO_KEY
from ..printable import printable
from ..records import STEP, Call
from .places import Added, RunNotes, current_places, leave_places, note_run, now, open_places
from .tee import settle

_SHOWN = (*functools.WRAPPER_ASSIGNMENTS, "cache_info", "cache_clear", "cache_parameters")
Function = TypeVar("Function", bound=Callable[..., Any])


class Inside:
    """A place within a call: what is made there becomes its children.

    Parameters
    ----------
    call
        The call.
    origin
        Seconds: what its stamps count from.
    notes
        What is noted of the whole run.
    """

    def __init__(self, call: Call, origin: float, notes: RunNotes) -> None:
        self.call, self._origin, self.notes = call, origin, notes
        self.is_open = True

    def add(
        self, make: Callable[[int], Call], *, base_url: str, model: str | None, at: float
    ) -> Added:
        """Add the call that `make` makes of its index."""
        with self.notes.lock:
            index = len(self.call.children)
            child = make(index)
            self.call.children.append(child)
            self.notes.note_address(base_url)
        return child, index, self._origin


@contextmanager
def inside(call: Call, origin: float, notes: RunNotes) -> Iterator[Inside]:
    """Have what is called in this context, and in tasks begun in it, recorded within `call`."""
    place = Inside(call, origin, notes)
    note_run()
    token = current_places.set((place,))
    try:
        yield place
    finally:
        place.is_open = False
        for child in call.children:
            settle(child, "when the function returned")
        leave_places(token)


@overload
def step(function: Function) -> Function: ...
@overload
def step(function: str) -> Callable[[Function], Function]: ...


def step(function: Any) -> Any:
    """Have the time of an inner function drawn, and what it calls shown within it.

    A step of what returns a coroutine, a task or another future ends with that. What a generator
    does once it is read is in no step, so generator functions are refused.

    Parameters
    ----------
    function
        A function or a coroutine function, as a decorator gives it; or a name to show in place of
        the function's own: ``@nb.step("look it up")``.

    Returns
    -------
    callable
        The function, which does as before. While nothing is watched, nothing is recorded.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(function, str):
        return functools.partial(_wrap, name=function)
    return _wrap(function, name=_name_of(function))


def _name_of(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__name__", "") or type(function).__name__


def _wrap(function: Any, *, name: str) -> Any:
    if isinstance(function, staticmethod | classmethod):  # written below @step, not above
        return type(function)(_wrap(function.__func__, name=name))
    if not callable(function) or isinstance(function, type):
        raise TypeError(
            f"step() takes a function, not {type(function).__name__}. Write @nb.step above def."
        )
    called = (function, getattr(type(function), "__call__", None))  # noqa: B004  of objects
    if any(map(inspect.isgeneratorfunction, called)) or any(
        map(inspect.isasyncgenfunction, called)
    ):
        raise TypeError(
            f"step() takes functions and coroutine functions; {name} is a generator. Put @nb.step "
            "on what is called in it."
        )
    if any(map(inspect.iscoroutinefunction, called)):

        @_as(function)
        async def run_async(*arguments: Any, **options: Any) -> Any:
            __tracebackhide__ = True
            recorded = _begin(name)
            if recorded is None:
                return await function(*arguments, **options)
            with recorded.entered():
                value = await function(*arguments, **options)
            recorded.close()
            return value

        return run_async

    @_as(function)
    def run(*arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        recorded = _begin(name)
        if recorded is None:
            return function(*arguments, **options)
        with recorded.entered():
            value = function(*arguments, **options)
        return recorded.close_with(value)

    return run


def _as(function: Any) -> Callable[[Any], Any]:
    """Have a wrapper look as the function; objects and partial functions have no code to show."""
    updated = ("__dict__",) if inspect.isroutine(function) else ()
    return functools.wraps(function, assigned=_SHOWN, updated=updated)


def _begin(name: str) -> _Recorded | None:
    """Begin a step in each place that is open here; return None if there is none."""
    at, places = now(), open_places()
    if not places:
        return None
    make = functools.partial(_make_step, printable(name))
    made = [place.add(make, base_url="", model=None, at=at) for place in places]
    for call, _, origin in made:
        call.submitted = call.started = at - origin
    within = tuple(
        Inside(call, origin, place.notes)
        for (call, _, origin), place in zip(made, places, strict=True)
    )
    return _Recorded(made, within)


class _Recorded:
    """A step that goes on: its records, and the places within them."""

    def __init__(self, made: list[Added], within: tuple[Inside, ...]) -> None:
        self._made, self._within = made, within

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have what is called in the block recorded within the step; close it if that raises."""
        token = current_places.set(self._within)
        try:
            yield
        except BaseException as error:
            self.close(error)
            raise
        finally:
            leave_places(token)

    def close(self, error: BaseException | None = None) -> None:
        """End the step."""
        if self._within[0].is_open:
            for place in self._within:
                place.is_open = False
            _close(self._made, error)

    def close_with(self, value: Any) -> Any:
        """End the step once what its function returned has ended; return that."""
        if inspect.iscoroutine(value):
            awaited: Any = self._wait_for(value)
            awaited.__name__, awaited.__qualname__ = value.__name__, value.__qualname__
            # One that is never awaited, or cancelled before it began, must not leave the inner one.
            weakref.finalize(awaited, self._abandon, value).atexit = False
            return awaited
        if isinstance(value, asyncio.Future | concurrent.futures.Future):
            value.add_done_callback(self._close_after)
        else:
            self.close()
        return value

    async def _wait_for(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        with self.entered():
            value = await coroutine
        self.close()
        return value

    def _abandon(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        coroutine.close()
        self.close(GeneratorExit())

    def _close_after(self, future: Any) -> None:
        if future.cancelled():
            self.close(asyncio.CancelledError())
        else:  # to ask it by exception() would tell asyncio that somebody has seen the error
            self.close(future._exception)


def _make_step(name: str, index: int) -> Call:
    return Call(index=index, custom_id=f"call-{index + 1:06d}", prompt=name, api=STEP)


def _close(made: list[Added], error: BaseException | None) -> None:
    at = now()
    for call, _, origin in made:
        call.finished = at - origin
        if error is None:
            call.outcome = "ok"
        elif not isinstance(error, Exception):
            call.outcome = "cancelled"
        else:
            failure = explain_error(error)
            call.outcome, call.error_type = "error", failure.error_type
            call.error = quote(failure.message, NO_KEY)
