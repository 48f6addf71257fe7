"""Steps: inner functions with a name, drawn inside the bar of what they are part of."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar, overload

from ..endpoint.failures import quote
from ..endpoint.function_failures import explain_error
from ..endpoint.sent_keys import NO_KEY
from ..printable import printable
from ..records import Call
from .places import RunNotes, current_places, note_run, now, open_places

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

    def add(self, make: Callable[[int], Call], *, base_url: str, at: float) -> tuple[Call, float]:
        """Add the call that `make` makes of its index; return it, and the origin of its stamps."""
        with self.notes.lock:
            child = make(len(self.call.children))
            self.call.children.append(child)
            self.notes.note_address(base_url)
        return child, self._origin


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
        with suppress(ValueError):  # closed by the garbage collector, in another context
            current_places.reset(token)


@overload
def step(function: Function) -> Function: ...
@overload
def step(function: str) -> Callable[[Function], Function]: ...


def step(function: Any) -> Any:
    """Have the time of an inner function drawn, and what it calls shown within it.

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
    return _wrap(function, name=getattr(function, "__name__", ""))


def _wrap(function: Any, *, name: str) -> Any:
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(
            f"step() takes functions and coroutine functions; {name} is a generator. Put @nb.step "
            "on what is called in it."
        )
    if not callable(function) or isinstance(function, type):
        raise TypeError(
            f"step() takes a function, not {type(function).__name__}. Write @nb.step above def."
        )
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run_async(*arguments: Any, **options: Any) -> Any:
            with _recorded(name):
                return await function(*arguments, **options)

        return run_async

    @functools.wraps(function)
    def run(*arguments: Any, **options: Any) -> Any:
        with _recorded(name):
            return function(*arguments, **options)

    return run


@contextmanager
def _recorded(name: str) -> Iterator[None]:
    """Record a step in each place that is open here, and what it calls within it."""
    at = now()
    label = printable(name)
    places = open_places()
    made = [place.add(functools.partial(_make_step, label), base_url="", at=at) for place in places]
    if not made:
        yield
        return
    for call, origin in made:
        call.submitted = call.started = at - origin
    within = tuple(
        Inside(call, origin, place.notes)
        for (call, origin), place in zip(made, places, strict=True)
    )
    token = current_places.set(within)
    try:
        yield
    except BaseException as error:
        _close(made, error)
        raise
    else:
        _close(made, None)
    finally:
        for place in within:
            place.is_open = False
        with suppress(ValueError):  # closed by the garbage collector, in another context
            current_places.reset(token)


def _make_step(name: str, index: int) -> Call:
    return Call(index=index, custom_id=f"call-{index + 1:06d}", prompt=name, api="step")


def _close(made: list[tuple[Call, float]], error: BaseException | None) -> None:
    at = now()
    for call, origin in made:
        call.finished = at - origin
        if error is None:
            call.outcome = "ok"
        elif not isinstance(error, Exception):
            call.outcome = "cancelled"
        else:
            failure = explain_error(error)
            call.outcome, call.error_type = "error", failure.error_type
            call.error = quote(failure.message, NO_KEY)
