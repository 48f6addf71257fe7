"""Which worker sent what, in a run whose calls were sent by several."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from math import inf

import numpy as np

from ..records import Call
from .arrays import Columns, FloatArray, measure
from .bounds import end_of
from .lanes import first_free, lanes


@dataclass(frozen=True, slots=True)
class Part:
    """The attempts of a call that one worker sent, one after the other.

    Parameters
    ----------
    place
        The place of the call in ``run.calls``.
    worker
        None where that is not known.
    started, finished
        Stamps; it ends where another worker sends the next attempt, at infinity if the call never
        finished.
    attempts
        Which of the call's attempts, from 0.
    """

    place: int
    worker: str | None
    started: float
    finished: float
    attempts: range


@dataclass(frozen=True, slots=True)
class Band:
    """The rows of one worker, below each other; `worker` is None where nobody knows who sent."""

    worker: str | None
    first: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The row of each call.

    Parameters
    ----------
    rows
        By the place of the call; of the last attempt where they differ. None for none.
    attempt_rows
        The row of each attempt, for the calls that several workers sent, by their place.
    count
        How many rows there are.
    bands
        The rows of each worker, from the top; empty where the run has no more than one.
    """

    rows: Sequence[int | None]
    attempt_rows: dict[int, list[int]]
    count: int
    bands: list[Band]


@measure
def workers(run: Columns) -> list[str]:
    """Return the names of the workers that sent a run's attempts, ``2`` before ``10``."""
    attempts = chain.from_iterable(run.values("attempts"))
    names = {attempt.worker for attempt in attempts}
    return sorted(filter(None, names), key=_natural)


@measure
def parts(run: Columns) -> list[Part]:
    """Return the parts of a run's calls, call by call; none of a call that never started."""
    return [part for place, call in enumerate(run.calls) for part in _parts_of(place, call)]


@measure
def shared_lanes(run: Columns) -> Placement:
    """Put each call into a lane (`lanes`), whichever worker sent it."""
    rows = lanes(run)
    most = max((row for row in rows if row is not None), default=0)
    return Placement(rows=rows, attempt_rows={}, count=1 + most, bands=[])


@measure
def worker_lanes(run: Columns) -> Placement:
    """Put each call into a lane, and those of several workers into lanes of each.

    An attempt is in a lane of the worker that sent it, with the wait after it.
    """
    if len(workers(run)) < 2:
        return shared_lanes(run)
    return _in_bands(run, parts(run), _free_lanes)


@measure
def worker_rows(run: Columns) -> Placement:
    """Give each call a row of its own, in the order of the run, those of a worker together.

    A call that several workers sent has a row with each of them.
    """
    n = len(run.calls)
    if len(workers(run)) < 2:
        return Placement(rows=range(n), attempt_rows={}, count=n, bands=[])
    begun = parts(run)
    others = set(range(n)) - {part.place for part in begun}
    never = [Part(place, None, inf, inf, range(0)) for place in sorted(others)]
    return _in_bands(run, begun + never, lambda found: range(len(found)))


@measure
def in_flight_by_worker(run: Columns) -> dict[str, FloatArray]:
    """Return when the attempts of each worker began and ended, as rows of two stamps."""
    end = end_of(run)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in workers(run)}
    for attempt in chain.from_iterable(run.values("attempts")):
        if attempt.worker is not None:
            stop = end if attempt.finished is None else attempt.finished
            found[attempt.worker].append((attempt.started, max(attempt.started, stop)))
    return {name: np.array(spans, np.float64).reshape(-1, 2) for name, spans in found.items()}


def _parts_of(place: int, call: Call) -> Iterator[Part]:
    if call.started is None:
        return
    begin, first = call.started, 0
    for number, (attempt, following) in enumerate(pairwise(call.attempts), start=1):
        if following.worker != attempt.worker:
            stop = max(begin, following.started)
            yield Part(place, attempt.worker, begin, stop, range(first, number))
            begin, first = stop, number
    stop = inf if call.finished is None else max(begin, call.finished)
    worker = call.attempts[-1].worker if call.attempts else None
    yield Part(place, worker, begin, stop, range(first, len(call.attempts)))


def _in_bands(
    run: Columns, found: list[Part], arrange: Callable[[list[Part]], Sequence[int]]
) -> Placement:
    by_worker: dict[str | None, list[Part]] = {name: [] for name in (*workers(run), None)}
    for part in found:
        by_worker[part.worker].append(part)
    placed: dict[int, list[tuple[range, int]]] = {}
    bands: list[Band] = []
    first = 0
    for worker, its in by_worker.items():
        rows = arrange(its)
        for part, row in zip(its, rows, strict=True):
            placed.setdefault(part.place, []).append((part.attempts, first + row))
        if its:
            bands.append(Band(worker, first, 1 + max(rows)))
            first += bands[-1].rows
    rows_of: list[int | None] = [None] * len(run.calls)
    attempt_rows = {}
    for place, its_rows in placed.items():
        its_rows.sort(key=lambda each: each[0].start)
        rows_of[place] = its_rows[-1][1]
        if len(its_rows) > 1:
            attempt_rows[place] = [row for attempts, row in its_rows for _ in attempts]
    return Placement(rows=rows_of, attempt_rows=attempt_rows, count=max(first, 1), bands=bands)


def _free_lanes(found: list[Part]) -> Sequence[int]:
    found.sort(key=lambda part: part.started)
    return first_free([part.started for part in found], [part.finished for part in found])


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts the numbers in names by their size."""
    return [
        (int(each), "") if each.isdecimal() else (-1, each) for each in re.split(r"(\d+)", name)
    ]
