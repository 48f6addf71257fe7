"""From records to what is drawn of them: bars, lines and marks, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan

import numpy as np

from ..analysis.arrays import BoolArray, Columns, FloatArray
from ..analysis.bounds import end_of, origin_of
from ..analysis.pauses import pauses
from ..records import Run
from .style import BARS, LINES, MARKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """What is drawn of a run, by state; times are seconds since its first submit.

    Parameters
    ----------
    bars, lines
        For each state an array of ``(start, end, row)``.
    marks
        For each kind of ending an array of ``(end, row)``.
    pauses
        Rows of ``(start, end)``: when nothing was sent after a 429.
    """

    bars: dict[str, FloatArray]
    lines: dict[str, FloatArray]
    marks: dict[str, FloatArray]
    pauses: FloatArray

    @property
    def states(self) -> list[str]:
        """The states that are present."""
        parts = (self.lines, self.bars, self.marks, {"pause": self.pauses})
        return [state for part in parts for state, rows in part.items() if len(rows)]


def segments(
    run: Run, *, rows: Sequence[int | None] | None = None, shortest_queue: float = 0.0
) -> Segments:
    """Return what is drawn of a run.

    Parameters
    ----------
    run
        The run.
    rows
        The row of each call, None for none; without it each call has its own.
    shortest_queue
        Seconds; waits in our own queue that are shorter than this are left out.
    """
    drawn = _Drawn(Columns.of(run), rows)
    spans = drawn.spans()
    queued = spans["queued"]
    spans["queued"] = queued[queued[:, 1] - queued[:, 0] > shortest_queue]
    return Segments(
        bars={state: spans[state] for state in BARS},
        lines={state: spans[state] for state in LINES},
        marks={kind: drawn.marks(kind) for kind in MARKS},
        pauses=np.array(pauses(run).spans, np.float64).reshape(-1, 2) - drawn.origin,
    )


class _Drawn:
    """The stamps that bars begin and end at; what never ended is drawn to the end of the run."""

    def __init__(self, run: Columns, rows: Sequence[int | None] | None) -> None:
        n = len(run.calls)
        self.run, self.origin, self._end = run, origin_of(run), end_of(run)
        self._rows = np.array(
            range(n) if rows is None else [nan if row is None else row for row in rows], np.float64
        )
        self._stops = self._or_end(run.finished)
        outcomes = [call.outcome for call in run.calls]
        failed = np.array([each in ("error", "timeout") for each in outcomes], np.bool_)
        cancelled = np.array([each == "cancelled" for each in outcomes], np.bool_)
        began = ~np.isnan(run.started)
        self._ends = {
            "failed": began & failed,
            "cancelled": began & ~failed & (cancelled | np.isnan(run.finished)),
        }

    def spans(self) -> dict[str, FloatArray]:
        """Return an array of ``(start, end, row)`` for each state of bars and lines."""
        run = self.run
        retried, backoff, starts = self._retries()
        began, streams = ~np.isnan(run.started), ~np.isnan(run.first_token)
        firsts = np.minimum(np.maximum(run.first_token, starts), self._stops)
        whole = began & ~streams
        for ending in self._ends.values():
            whole &= ~ending
        return {
            "queued": self._spans(run.submitted, self._or_end(run.started)),
            "retried": retried,
            "backoff": backoff,
            "waiting": self._spans(starts, firsts, began & streams),
            "streaming": self._spans(firsts, self._stops, began & streams),
            "whole": self._spans(starts, self._stops, whole),
        } | {
            state: self._spans(starts, self._stops, ending & ~streams)
            for state, ending in self._ends.items()
        }

    def marks(self, kind: str) -> FloatArray:
        """Return an array of ``(end, row)``."""
        which = self._ends[kind] & ~np.isnan(self._rows)
        return np.stack([self._stops - self.origin, self._rows], axis=1)[which]

    def _or_end(self, stamps: FloatArray) -> FloatArray:
        return np.where(np.isnan(stamps), self._end, stamps)

    def _spans(
        self, starts: FloatArray, stops: FloatArray, which: BoolArray | None = None
    ) -> FloatArray:
        found = np.stack([starts - self.origin, stops - self.origin, self._rows], axis=1)
        return found[~np.isnan(found).any(axis=1) & (True if which is None else which)]

    def _retries(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the attempts that were retried, the back-off, and when the last attempts began."""
        starts = self.run.started.copy()
        retried, backoff = [], []
        for place, call in enumerate(self.run.calls):
            if len(call.attempts) < 2 or call.started is None:
                continue
            for attempt, following in pairwise(call.attempts):
                stop = following.started if attempt.finished is None else attempt.finished
                retried.append((starts[place], stop, self._rows[place]))
                backoff.append((stop, following.started, self._rows[place]))
                starts[place] = following.started
        return self._shifted(retried), self._shifted(backoff), starts

    def _shifted(self, spans: list[tuple[float, float, float]]) -> FloatArray:
        found = np.array(spans, np.float64).reshape(-1, 3)
        found[:, :2] -= self.origin
        return found[~np.isnan(found[:, 2])]
