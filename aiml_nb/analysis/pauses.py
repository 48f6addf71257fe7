"""Pauses: some 429s make all calls wait, not only those that they answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter

import numpy as np

from ..records import WATCH, Attempt, Call
from .arrays import BoolArray, Columns, FloatArray, IntArray, measure

_Span = tuple[float, float]

# An attempt that began within these seconds of a 429 was already being sent when it came.
_IN_TRANSIT = 0.02
# No pause is shorter than a second; counted from its first 429, one may come out a little shorter.
_MIN_PAUSE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """When a run sent nothing because of 429s.

    Parameters
    ----------
    spans
        The stamps at which each pause began and ended.
    calls
        How many calls waited in them, for their first attempt or their next.
    """

    spans: list[_Span]
    calls: int

    @property
    def total(self) -> float:
        """Seconds of all pauses together."""
        return sum(end - start for start, end in self.spans)


@measure
def refusals(run: Columns) -> int:
    """Return how many attempts got a 429."""
    return len(_places_refused(run))


@measure
def refusal_times(run: Columns) -> FloatArray:
    """Return the stamps at which answers of status 429 came, in order."""
    stamps = [
        attempt.finished
        for place in np.unique(_places_refused(run)).tolist()
        for attempt in run.calls[place].attempts
        if attempt.status == 429 and attempt.finished is not None
    ]
    return np.sort(np.array(stamps, np.float64))


@measure
def pauses(run: Columns) -> Pauses:
    """Find the pauses of a run: from a 429 that was retried to the next attempt of any call.

    Only those count in which another call waited too, to be sent at all or after a 429 of its own;
    the wait of one alone is its back-off. In code that is watched each call waits for itself.
    """
    if run.strategy in ("sequential", WATCH) or not refusals(run):
        return Pauses(spans=[], calls=0)
    after_429s = _Waits.after_429s(run)
    waits = _Waits.for_a_slot(run) + after_429s
    begins, ends = np.sort(waits.begins), np.sort(waits.ends)
    spans = [
        (start, end)
        for start, end in _merged(_unsent(run, after_429s))
        if end - start >= _MIN_PAUSE
        and np.searchsorted(begins, end) - np.searchsorted(ends, start, side="right") > 1
    ]
    return Pauses(spans=spans, calls=waits.count_calls(spans))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waits:
    """When which calls waited: columns of a row for each wait."""

    places: IntArray
    begins: FloatArray
    ends: FloatArray

    @classmethod
    def for_a_slot(cls, run: Columns) -> _Waits:
        """Return the waits of all calls that were submitted, for their first attempt."""
        places = np.flatnonzero(~np.isnan(run.submitted))
        ends = np.nan_to_num(run.started[places], nan=np.inf)
        return cls(places=places, begins=run.submitted[places], ends=ends)

    @classmethod
    def after_429s(cls, run: Columns) -> _Waits:
        """Return the waits of calls from a 429 to their next attempt, or until they were given up.

        Most runs have few: only these calls are walked one by one.
        """
        found = [
            (place, at, again)
            for place in np.unique(_places_refused(run)).tolist()
            for attempt, at, again in _between_attempts(run.calls[place])
            if attempt.status == 429 and again > at
        ]
        places, begins, ends = zip(*found, strict=True) if found else ((), (), ())
        return cls(
            places=np.array(places, np.int64),
            begins=np.array(begins, np.float64),
            ends=np.array(ends, np.float64),
        )

    def __add__(self, other: _Waits) -> _Waits:
        return _Waits(
            places=np.concatenate([self.places, other.places]),
            begins=np.concatenate([self.begins, other.begins]),
            ends=np.concatenate([self.ends, other.ends]),
        )

    def count_calls(self, spans: list[_Span]) -> int:
        """Count the calls that waited in any of these spans, which are in order."""
        if not spans:
            return 0
        firsts, lasts = np.array(spans, np.float64).T
        before = np.searchsorted(firsts, self.ends) - 1  # the last span that began before the end
        meets = (before >= 0) & (lasts[before] > self.begins)
        return len(np.unique(self.places[meets]))


def _unsent(run: Columns, after_429s: _Waits) -> list[_Span]:
    """Return from when to when nothing was sent after a 429: to the next attempt of any call."""
    starts = np.sort(np.fromiter(map(attrgetter("started"), _attempts(run)), np.float64))
    is_long = after_429s.ends > after_429s.begins + _IN_TRANSIT
    at, again = after_429s.begins[is_long], after_429s.ends[is_long]
    following = np.append(starts, np.inf)[np.searchsorted(starts, at + _IN_TRANSIT, side="right")]
    return list(zip(at.tolist(), np.minimum(again, following).tolist(), strict=True))


def _merged(spans: list[_Span]) -> list[_Span]:
    merged: list[_Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _attempts(run: Columns) -> Iterator[Attempt]:
    return chain.from_iterable(run.values("attempts"))


@measure
def _places_refused(run: Columns) -> IntArray:
    """Return the place of the call of each attempt that got a 429."""
    statuses = list(map(attrgetter("status"), _attempts(run)))
    if 429 not in statuses:  # most runs
        return np.array([], np.int64)
    is_refused: BoolArray = np.array(statuses, np.float64) == 429
    return np.repeat(np.arange(len(run.calls)), run.attempt_counts)[is_refused]


def _between_attempts(call: Call) -> Iterator[tuple[Attempt, float, float]]:
    """Yield each attempt, when it ended, and when the next one began or the call was given up."""
    agains = [*(attempt.started for attempt in call.attempts[1:]), call.finished]
    for attempt, again in zip(call.attempts, agains, strict=False):
        if attempt.finished is not None and again is not None:
            yield attempt, attempt.finished, again
