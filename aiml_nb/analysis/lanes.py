"""Lanes: the slots of the limit, and which call was in which."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..records import Run


def lanes(run: Run) -> list[int | None]:
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
    started = [(c.started, i) for i, c in enumerate(run.calls) if c.started is not None]
    free = list(range(len(started)))
    heapify(free)
    taken: list[tuple[float, int]] = []
    for start, i in sorted(started):
        while taken and taken[0][0] <= start:
            heappush(free, heappop(taken)[1])
        lane = found[i] = heappop(free)
        end = run.calls[i].finished
        heappush(taken, (inf if end is None else max(end, start), lane))
    return found
