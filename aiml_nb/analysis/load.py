"""How many calls were in flight when, and whether calls took longer then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from math import log
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..records import Run

# Fewer calls than this, or a load that varies by less than this factor, tell nothing about growth.
_ENOUGH = 20
_VARIES = 1.5


class BusyTime:
    """Adds up spans of time, so that the average number at once is a difference of two sums.

    Parameters
    ----------
    spans
        ``(start, end)`` in seconds.

    Examples
    --------
    >>> busy = BusyTime([(0, 2), (1, 3)])
    >>> busy.mean(0, 3)
    1.3333333333333333
    """

    def __init__(self, spans: Iterable[tuple[float, float]]) -> None:
        known = list(spans)
        self._starts = sorted(start for start, _ in known)
        self._ends = sorted(max(start, end) for start, end in known)
        self._start_sums = [0.0, *accumulate(self._starts)]
        self._end_sums = [0.0, *accumulate(self._ends)]

    def until(self, time: float) -> float:
        """Return the seconds spent in all spans together until `time`."""
        begun, ended = bisect_right(self._starts, time), bisect_right(self._ends, time)
        return (begun * time - self._start_sums[begun]) - (ended * time - self._end_sums[ended])

    def mean(self, start: float, end: float) -> float:
        """Return how many spans there were at once, on average between two moments."""
        return max(0.0, self.until(end) - self.until(start)) / (end - start)


def growth_with_load(run: Run) -> float | None:
    """Return by which share durations grew when twice as many calls were in flight.

    Calls that finished after the last one started are left out: as the run ends, few are in flight
    because the others were shorter.

    Returns
    -------
    float or None
        0.1 for 10 % longer with twice the load, from a least-squares line through the logarithms of
        load and duration. None if the load hardly varied or there are too few calls to tell.
    """
    timed = [
        (call.started, call.finished)
        for call in run.calls
        if call.started is not None and call.finished is not None and call.finished > call.started
    ]
    last = max((start for start, _ in timed), default=0.0)
    busy = BusyTime(timed)
    points = [(busy.mean(s, e), e - s) for s, e in timed if e <= last]
    loads = sorted(load for load, _ in points)
    if len(points) < _ENOUGH or loads[-len(loads) // 10] < _VARIES * loads[len(loads) // 10]:
        return None
    return float(2 ** _slope([(log(load), log(duration)) for load, duration in points]) - 1)


def _slope(points: list[tuple[float, float]]) -> float:
    x_mean, y_mean = fmean(x for x, _ in points), fmean(y for _, y in points)
    spread = sum((x - x_mean) ** 2 for x, _ in points)
    return sum((x - x_mean) * (y - y_mean) for x, y in points) / spread
