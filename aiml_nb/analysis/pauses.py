"""Pauses: some 429s make all calls wait, not only those that they answered."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from ..records import Attempt, Call, Run
from .arrays import Columns, measure

_Span = tuple[float, float]

# An attempt that began within these seconds of a 429 was on its way already.
_SLIP = 0.02
# No pause is shorter than a second; what is counted from its first 429 may be, by a little.
_SHORTEST = 0.9


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
    return sum(attempt.status == 429 for call in run.calls for attempt in call.attempts)


@measure
def pauses(run: Columns) -> Pauses:
    """Find the pauses of a run: from a 429 that was retried to the next attempt of any call.

    Only those count in which another call waited too, to be sent at all or after a 429 of its own;
    the wait of one alone is its back-off.
    """
    if run.strategy == "sequential" or not refusals(run):
        return Pauses(spans=[], calls=0)
    waits = [_waits(call) for call in run.calls]
    begins, ends = (sorted(span[i] for each in waits for span in each) for i in (0, 1))
    spans = [
        span
        for span in _merged(_rests(run))
        if span[1] - span[0] >= _SHORTEST
        and bisect_left(begins, span[1]) - bisect_right(ends, span[0]) > 1
    ]
    firsts = [start for start, _ in spans]
    held = sum(any(_meets(wait, spans, firsts) for wait in each) for each in waits)
    return Pauses(spans=spans, calls=held)


def _rests(run: Run) -> list[_Span]:
    starts = sorted(attempt.started for call in run.calls for attempt in call.attempts)
    found = []
    for call in run.calls:
        for attempt, at, again in _between_attempts(call):
            if attempt.status == 429 and again > at + _SLIP:
                following = bisect_right(starts, at + _SLIP)
                found.append((at, min([again, *starts[following : following + 1]])))
    return found


def _merged(spans: list[_Span]) -> list[_Span]:
    merged: list[_Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _waits(call: Call) -> list[_Span]:
    between = _between_attempts(call)
    rests = [(at, again) for attempt, at, again in between if again > at and attempt.status == 429]
    if call.submitted is None:
        return rests
    return [(call.submitted, inf if call.started is None else call.started), *rests]


def _between_attempts(call: Call) -> Iterator[tuple[Attempt, float, float]]:
    """Yield each attempt, when it ended, and when the next one began or the call was given up."""
    agains = [*(attempt.started for attempt in call.attempts[1:]), call.finished]
    for attempt, again in zip(call.attempts, agains, strict=False):
        if attempt.finished is not None and again is not None:
            yield attempt, attempt.finished, again


def _meets(wait: _Span, spans: list[_Span], firsts: list[float]) -> bool:
    i = bisect_left(firsts, wait[1]) - 1
    return i >= 0 and spans[i][1] > wait[0]
