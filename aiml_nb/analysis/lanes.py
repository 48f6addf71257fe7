"""Lanes: the slots of the limit, and which call was in which."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

import numpy as np

from .arrays import Columns, measure


@measure
def lanes(run: Columns) -> list[int | None]:
    """Put each call into a lane, so that the calls of a lane never overlap.

    A call takes the lowest lane that is free when it starts; a lane is free again at the very
    moment its call finishes. There are as many lanes as calls were in flight at the peak.

    Returns
    -------
    list
        The lane of each call, from 0, in the order of ``run.calls``; None for a call that never
        started. A call that never finished keeps its lane to the end.
    """
    found: list[int | None] = [None] * len(run.calls)
    ends = np.fmax(run.started, np.where(np.isnan(run.finished), np.inf, run.finished))
    order = np.argsort(run.started, kind="stable")
    started = order[: np.count_nonzero(~np.isnan(run.started))]
    places = first_free(run.started[started].tolist(), ends[started].tolist())
    for i, lane in zip(started.tolist(), places, strict=True):
        found[i] = lane
    return found


def first_free(starts: Sequence[float], ends: Sequence[float]) -> list[int]:
    """Return the lowest lane that is free when each span starts; the starts rise."""
    free = list(range(len(starts)))
    heapify(free)
    found: list[int] = []
    taken: list[tuple[float, int]] = []
    for start, end in zip(starts, ends, strict=True):
        while taken and taken[0][0] <= start:
            heappush(free, heappop(taken)[1])
        lane = heappop(free)
        found.append(lane)
        heappush(taken, (end, lane))
    return found
