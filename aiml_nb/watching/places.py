"""Where calls are recorded: in a watch, in the item of a function, in a step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from ..endpoint.endpoint import is_simulated
from ..records import Call, Run, without_steps

if TYPE_CHECKING:
    from .recording import Recording
    from .watcher import Watch

now = time.perf_counter


class RunNotes:
    """What all places of one run tell it: where its calls go, and what could not be recorded.

    Parameters
    ----------
    run
        The run; it is simulated if all its calls are.

    Attributes
    ----------
    lock
        Held while a call is added: places are used by several threads.
    """

    def __init__(self, run: Run) -> None:
        self._run, self._has_problem = run, False
        self._address = ""  # the latest
        # Some calls may be those of an earlier run.
        self._is_first = not any(
            each.from_journal or any(without_steps(each.children)) for each in run.calls
        )
        self.lock = threading.Lock()

    def note_address(self, base_url: str) -> None:
        """Take the address of a call; a step has none."""
        if base_url and base_url != self._address:
            self._address = base_url
            self._run.simulated = is_simulated(base_url) and (self._is_first or self._run.simulated)
            self._is_first = False

    def note_problem(self, problem: BaseException) -> None:
        """Take that something could not be recorded; the run says so once."""
        if not self._has_problem:
            self._has_problem = True
            self._run.notices.append(
                f"Something could not be recorded ({type(problem).__name__}: {problem}); the code "
                "that was watched did not notice."
            )


# A call as one place has it, its index there, and the origin of its stamps.
Added = tuple[Call, int, float]


class Place(Protocol):
    """Where calls are recorded: a watch, a function's item, a step."""

    @property
    def notes(self) -> RunNotes:
        """What is noted of the whole run."""

    @property
    def is_open(self) -> bool:
        """False once nothing more is to be recorded there."""

    def add(
        self, make: Callable[[int], Call], *, base_url: str, model: str | None, at: float
    ) -> Added:
        """Add the call that `make` makes of its index."""


# The call that is being made here; whether it is being sent, when nothing else is recorded
# (an authentication may send something); and where calls belong if not to every watch.
current_call: ContextVar[Recording | None] = ContextVar("current_call", default=None)
is_sending: ContextVar[bool] = ContextVar("is_sending", default=False)
current_places: ContextVar[tuple[Place, ...]] = ContextVar("current_places", default=())
watches: list[Watch] = []  # those that are on
_places_of_threads: WeakKeyDictionary[threading.Thread, tuple[Place, ...]] = WeakKeyDictionary()
_has_threads = False  # most programs start none that matter


def places_within() -> tuple[Place, ...]:
    """Return the item or the steps that this code is a part of; nothing if it is in none."""
    return current_places.get() or (_inherited_places() if _has_threads else ())


def open_places() -> tuple[Place, ...]:
    """Return where a call that is made here and now is to be recorded."""
    within = places_within()
    if within and (inner := tuple(place for place in within if place.is_open)):
        return inner
    return tuple(watches)


def leave_places(token: Token[tuple[Place, ...]]) -> None:
    """Have calls recorded where they were before `current_places` was set."""
    with suppress(ValueError):  # closed by the garbage collector, or a thread: another context
        current_places.reset(token)


def note_run() -> None:
    """Note in each watch that calls are made which have records of their own."""
    for watch in watches:
        watch.has_runs = True


def _inherited_places() -> tuple[Place, ...]:
    """Return where the code that has started this thread records its calls."""
    return _places_of_threads.get(threading.current_thread(), ())


def note_thread(thread: threading.Thread, places: tuple[Place, ...]) -> None:
    """Note where the code that starts a thread records its calls."""
    global _has_threads
    _places_of_threads[thread], _has_threads = places, True


def note_problem(places: tuple[Place, ...], problem: Exception) -> None:
    """Tell the places of a call that something could not be recorded: nothing else may notice."""
    for place in places:
        place.notes.note_problem(problem)


class guarded:  # noqa: N801  a context manager
    """Let nothing out that goes wrong while something is recorded; the places are told.

    What is done for every call writes `note_problem` out: this takes longer than all it guards.

    Parameters
    ----------
    places
        Where it is recorded.
    """

    __slots__ = ("_places",)

    def __init__(self, places: tuple[Place, ...]) -> None:
        self._places = places

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, problem: BaseException | None, traceback: object) -> bool:
        if not isinstance(problem, Exception):
            return False
        note_problem(self._places, problem)
        return True
