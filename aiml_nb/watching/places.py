"""Where calls are recorded: in a watch, in the item of a function, in a step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from ..endpoint.endpoint import is_simulated
from ..records import Call, Run

if TYPE_CHECKING:
    from .recording import Recording

now = time.perf_counter


class Addresses:
    """Where the calls of a run go: it is simulated if all of them are.

    Parameters
    ----------
    run
        The run.
    """

    def __init__(self, run: Run) -> None:
        self._run, self._is_first = run, True

    def note(self, base_url: str) -> None:
        """Take the address of a call; a step has none."""
        if base_url:
            self._run.simulated = is_simulated(base_url) and (self._is_first or self._run.simulated)
            self._is_first = False


class Place(Protocol):
    """Where calls are recorded: a watch, a function's item, a step."""

    @property
    def addresses(self) -> Addresses:
        """Where the calls of the whole run go."""

    has_runs: bool  # calls were made meanwhile that have records of their own

    @property
    def is_open(self) -> bool:
        """False once nothing more is to be recorded there."""

    def add(self, make: Callable[[int], Call], *, base_url: str, at: float) -> tuple[Call, float]:
        """Add the call that `make` makes of its index; return it, and the origin of its stamps."""

    def note(self, problem: BaseException) -> None:
        """Be told of a call that could not be recorded."""


# The call that is being made here; whether it is being sent, when nothing else is recorded
# (an authentication may send something); and where calls belong if not to every watch.
current_call: ContextVar[Recording | None] = ContextVar("current_call", default=None)
is_sending: ContextVar[bool] = ContextVar("is_sending", default=False)
current_places: ContextVar[tuple[Place, ...]] = ContextVar("current_places", default=())
watches: list[Place] = []
places_of_threads: WeakKeyDictionary[threading.Thread, tuple[Place, ...]] = WeakKeyDictionary()


def open_places() -> tuple[Place, ...]:
    """Return where a call that is made here and now is to be recorded."""
    within = current_places.get() or _inherited_places()
    inner = tuple(place for place in within if place.is_open)
    return inner or tuple(place for place in watches if place.is_open)


def note_run() -> None:
    """Note in each watch that calls are made which have records of their own."""
    for watch in watches:
        watch.has_runs = True


def _inherited_places() -> tuple[Place, ...]:
    """Return where the code that has started this thread records its calls."""
    return places_of_threads.get(threading.current_thread(), ()) if places_of_threads else ()


@contextmanager
def guarded(places: tuple[Place, ...]) -> Iterator[None]:
    """Let nothing out that goes wrong while something is recorded; the places are told."""
    try:
        yield
    except Exception as problem:  # noqa: BLE001  the code that is watched must not notice
        for place in places:
            place.note(problem)
