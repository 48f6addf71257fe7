"""From records to what is drawn of them: bars, lines and marks, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..analysis.bounds import end_of, origin_of
from ..analysis.pauses import pauses
from ..records import Call, Run
from .style import BARS, LINES, MARKS

FloatArray: TypeAlias = NDArray[np.float64]
_Phase: TypeAlias = tuple[str, float, float]


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
    origin, end = origin_of(run), end_of(run)
    spans: dict[str, list[tuple[float, float, float]]] = {state: [] for state in (*LINES, *BARS)}
    marks: dict[str, list[tuple[float, float]]] = {kind: [] for kind in MARKS}
    for row, call in zip(range(len(run.calls)) if rows is None else rows, run.calls, strict=True):
        if row is None:
            continue
        for state, start, stop in _phases(call, end):
            spans[state].append((start - origin, stop - origin, row))
        ending = _ending(call)
        if ending is not None:
            marks[ending].append(((end if call.finished is None else call.finished) - origin, row))
    arrays = {state: np.array(r, dtype=np.float64).reshape(-1, 3) for state, r in spans.items()}
    queued = arrays["queued"]
    arrays["queued"] = queued[queued[:, 1] - queued[:, 0] > shortest_queue]
    return Segments(
        bars={state: arrays[state] for state in BARS},
        lines={state: arrays[state] for state in LINES},
        marks={k: np.array(r, dtype=np.float64).reshape(-1, 2) for k, r in marks.items()},
        pauses=np.array(pauses(run).spans, dtype=np.float64).reshape(-1, 2) - origin,
    )


def _phases(call: Call, end: float) -> Iterator[_Phase]:
    """Yield the states a call went through; what never ended is drawn to the end of the run."""
    if call.submitted is not None:
        yield "queued", call.submitted, end if call.started is None else call.started
    if call.started is None:
        return
    start = call.started
    for attempt, following in pairwise(call.attempts):
        stop = following.started if attempt.finished is None else attempt.finished
        yield "retried", start, stop
        yield "backoff", stop, following.started
        start = following.started
    stop = end if call.finished is None else call.finished
    ending = _ending(call)
    if call.first_token is not None:
        first = min(max(call.first_token, start), stop)
        yield "waiting", start, first
        yield "streaming", first, stop
    else:
        yield ending or "whole", start, stop


def _ending(call: Call) -> str | None:
    if call.started is None:
        return None
    if call.outcome in ("error", "timeout"):
        return "failed"
    return "cancelled" if call.outcome == "cancelled" or call.finished is None else None
