"""Record the calls of anybody's code as a `Run`, while a block lasts."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from ..endpoint.sent_keys import redact_seen
from ..records import WATCH, Call, Run
from .blocked import INTERVAL, Held, LoopWatcher
from .held import delays_of, notable, tell_held, tell_stops
from .hooks import hooks
from .places import (
    Added,
    RunNotes,
    current_places,
    leave_places,
    places_within,
    watches,
)
from .tee import settle

SEVERAL = "several models"
RECOGNISED = "openai clients, and any client on httpx2 or httpx that calls a model's address"


class Watch:
    """A place where all calls of this process are recorded; what `watch` returns.

    ``with nb.watch() as run:`` gives the `Run`, which fills as calls are made; so does ``async
    with``.

    Parameters
    ----------
    what
        What ends with it, in the words of who wrote it.

    Attributes
    ----------
    run
        The record.
    """

    def __init__(self, what: str = "watch") -> None:
        self._what = what
        self.run = Run(
            run_id=uuid.uuid4().hex[:12],
            strategy=WATCH,
            max_concurrency=1,
            stream=False,
            model="",
            base_url="",
            simulated=False,
            started_at=0.0,
            calls=[],
        )
        self.notes = RunNotes(self.run)
        self._exits = ExitStack()
        self._origin = 0.0
        self._models: set[str] = set()
        self.is_open = self._is_used = self.has_runs = False

    def __enter__(self) -> Run:
        if self._is_used:
            raise RuntimeError(
                "This watch has been used. Make another: with aiml_nb.watch() as run:"
            )
        self._is_used = True
        self._exits.enter_context(hooks())
        self._looking = self._exits.enter_context(LoopWatcher())
        watches.append(self)
        self.is_open = True
        if within := places_within():  # what is called there is recorded nowhere else
            self._exits.callback(leave_places, current_places.set((*within, self)))
        return self.run

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.is_open = False
        watches.remove(self)
        self._exits.close()
        run = self.run
        for call in run.calls:
            settle(call, f"when the {self._what} ended")
        run.max_concurrency = max(1, len(run.calls))
        run.stream = any(call.first_token is not None for call in run.calls)
        run.notices += tell_stops(self._looking.stops)
        self._note_held(notable(list(filter(self._delays_calls, self._looking.held))))

    async def __aenter__(self) -> Run:
        return self.__enter__()

    async def __aexit__(self, *error: Any) -> None:
        self.__exit__()

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and hasattr(Run, name):
            raise AttributeError(
                f"A watch has no {name}: what it gives to a with-block has. Write with "
                f"aiml_nb.watch() as run: …, and then run.{name}."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def add(
        self, make: Callable[[int], Call], *, base_url: str, model: str | None, at: float
    ) -> Added:
        """Add the call that `make` makes of its index."""
        run = self.run
        with self.notes.lock:
            if not run.calls:
                self._origin, run.started_at, run.base_url = at, time.time(), base_url
            self.notes.note_address(base_url)
            index = len(run.calls)
            call = make(index)
            run.calls.append(call)
            if model and model not in self._models:
                self._models.add(model)
                run.model = redact_seen(model) if len(self._models) == 1 else SEVERAL
        return call, index, self._origin

    def _delays_calls(self, held: Held) -> bool:
        """Say whether a call was in flight while an event loop was held."""
        middle = held.started - self._origin + held.duration / 2
        half = max(0.0, held.duration / 2 - INTERVAL)
        begin, end = middle - half, middle + half
        return any(
            (call.started or 0.0) < end and (call.finished is None or call.finished > begin)
            for call in self.run.calls
        )

    def _note_held(self, held: list[Held]) -> None:
        if not held:
            return
        self.run.loop_lag_max = max(each.duration for each in held)
        self.run.loop_lag_total = sum(each.duration for each in held)
        self.run.loop_delays = delays_of(held, origin=self._origin)
        self.run.notices += tell_held(held)


def watch() -> Watch:
    """Record every call to a model that is made while a ``with`` block lasts.

    Calls of openai clients are seen, sync and async, with all their attempts; so are those of other
    clients on httpx2 or httpx to addresses where models answer. Nothing changes for the code that
    makes them. They are recorded in all threads; calls of `run` keep records of their own and are
    left out.

    Returns
    -------
    Watch
        ``with watch() as run:`` gives the `Run`: its calls are those that were made, in the order
        in which they began; ``submitted`` is ``started``, since nobody queued. Everything that a
        run can do, it can: ``plot_timeline(run)``, ``run.to_frame()``, ``to_jsonl(run, …)``.

    Examples
    --------
    >>> with nb.watch() as run:
    ...     client.chat.completions.create(model="m", messages=messages)
    >>> nb.plot_timeline(run)
    """
    return Watch()
