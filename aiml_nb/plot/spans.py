"""When each state of each call began and ended: what bars and lines are drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import nan

import numpy as np

from ..analysis.arrays import BoolArray, Columns, FloatArray
from ..analysis.bounds import end_of, origin_of
from ..analysis.kinds import HOLDERS, is_watched
from .kinds import PHASES, kind_of, state_of


class Spans:
    """The stamps that bars begin and end at; what never ended is drawn to the end of the run.

    Parameters
    ----------
    run
        The calls.
    rows, plain
        As for `segments.segments`.
    attempt_rows
        The row of each attempt, of the calls whose attempts are not all in one, by their place.
    times_of
        The run whose times these are, where the calls are not all of it.
    """

    def __init__(
        self,
        run: Columns,
        *,
        rows: Sequence[int | None],
        attempt_rows: Mapping[int, Sequence[int]] | None = None,
        plain: str | None = None,
        times_of: Columns | None = None,
    ) -> None:
        whole = times_of or run
        self.run, self.origin, self._end = run, origin_of(whole), end_of(whole)
        self._rows = np.array([nan if row is None else row for row in rows], np.float64)
        self._attempt_rows = attempt_rows or {}
        self._first_rows = self._rows.copy()
        for place, its in self._attempt_rows.items():
            self._first_rows[place] = its[0]
        self._stops = self._or_end(run.finished)
        failed = np.isin(run.outcome, ["error", "timeout"])
        cancelled: BoolArray = run.outcome == "cancelled"
        began = ~np.isnan(run.started)
        open_ended = ["incomplete", "not_started"] if is_watched(run) else ["incomplete"]
        goes_on: BoolArray = np.isnan(run.finished) & np.isin(run.outcome, open_ended)
        self._unfinished = began & goes_on
        self._ends = {
            "failed": began & failed,
            "cancelled": began & ~failed & ~goes_on & (cancelled | np.isnan(run.finished)),
        }
        self._kinds = dict(self._masks(plain))

    def by_state(self) -> dict[str, FloatArray]:
        """Return an array of ``(start, end, row)`` for each state of bars and lines."""
        run = self.run
        retried, backoff, starts = self._retries()
        began, streams = ~np.isnan(run.started), ~np.isnan(run.first_token)
        firsts = np.minimum(np.maximum(run.first_token, starts), self._stops)
        whole = began & ~streams
        for ending in self._ends.values():
            whole &= ~ending
        spans = {
            "queued": self._spans(run.submitted, self._or_end(run.started), rows=self._first_rows),
            "retried": retried,
            "backoff": backoff,
        }
        are_calls = np.ones(len(began), np.bool_)
        for kind, mask in self._kinds.items():
            if kind in HOLDERS:
                spans[kind] = self._spans(starts, self._stops, began & mask)
                are_calls &= ~mask
                continue
            ranges = {
                "whole": (starts, self._stops, whole & mask),
                "waiting": (starts, firsts, began & streams & mask),
                "streaming": (firsts, self._stops, began & streams & mask),
            }
            spans |= {state_of(kind, phase): self._spans(*ranges[phase]) for phase in PHASES}
        return spans | {
            state: self._spans(starts, self._stops, ending & ~streams & are_calls)
            for state, ending in self._ends.items()
        }

    def marks(self, kind: str) -> FloatArray:
        """Return an array of ``(end, row)``."""
        ended = self._unfinished if kind == "unfinished" else self._ends[kind]
        which = ended & ~np.isnan(self._rows)
        return np.stack([self._stops - self.origin, self._rows], axis=1)[which]

    def _masks(self, plain: str | None) -> Iterator[tuple[str, BoolArray]]:
        """Yield the kinds of call, the plain one as ``""``, each with which calls are of it."""
        apis = self.run.values("api")
        are_plain = np.ones(len(apis), np.bool_)
        for kind in sorted(set() if plain is None else set(map(kind_of, set(apis))) - {plain}):
            mask = np.fromiter((kind_of(api) == kind for api in apis), np.bool_, len(apis))
            are_plain &= ~mask
            yield kind, mask
        yield "", are_plain

    def _or_end(self, stamps: FloatArray) -> FloatArray:
        return np.where(np.isnan(stamps), self._end, stamps)

    def _spans(
        self,
        starts: FloatArray,
        stops: FloatArray,
        which: BoolArray | None = None,
        *,
        rows: FloatArray | None = None,
    ) -> FloatArray:
        rows = self._rows if rows is None else rows
        found = np.stack([starts - self.origin, stops - self.origin, rows], axis=1)
        return found[~np.isnan(found).any(axis=1) & (True if which is None else which)]

    def _retries(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the attempts that were retried, the back-off, and when the last attempts began."""
        starts = self.run.started.copy()
        retried, backoff = [], []
        was_retried = (self.run.attempt_counts > 1) & ~np.isnan(starts)
        for place in np.flatnonzero(was_retried).tolist():
            attempts = self.run.calls[place].attempts
            rows = self._attempt_rows.get(place) or [self._rows[place]] * len(attempts)
            for row, (attempt, following) in zip(rows, pairwise(attempts), strict=False):
                stop = following.started if attempt.finished is None else attempt.finished
                retried.append((starts[place], stop, row))
                backoff.append((stop, following.started, row))
                starts[place] = following.started
        return self._shifted(retried), self._shifted(backoff), starts

    def _shifted(self, spans: Sequence[tuple[float, float, float]]) -> FloatArray:
        found = np.array(spans, np.float64).reshape(-1, 3)
        found[:, :2] -= self.origin
        return found[~np.isnan(found[:, 2])]
