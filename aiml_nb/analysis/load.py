"""How many calls were in flight when, and whether calls took longer then."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .arrays import Columns, FloatArray, measure

# With fewer calls than this, or a load that varies by less than this factor, the slope of the line
# would be noise.
_MIN_CALLS = 20
_MIN_LOAD_RATIO = 1.5


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
        known = np.array(list(spans), np.float64).reshape(-1, 2)
        self._starts = np.sort(known[:, 0])
        # A span that ends before it starts counts as empty, not as negative.
        self._ends = np.sort(known.max(axis=1, initial=-np.inf))
        self._start_sums, self._end_sums = (
            np.concatenate([[0.0], np.cumsum(stamps)]) for stamps in (self._starts, self._ends)
        )

    def until(self, time: float | FloatArray) -> FloatArray:
        """Return the seconds spent in all spans together until `time`, or each of several."""
        begun = np.searchsorted(self._starts, time, side="right")
        ended = np.searchsorted(self._ends, time, side="right")
        spent: FloatArray = (begun * time - self._start_sums[begun]) - (
            ended * time - self._end_sums[ended]
        )
        return spent

    def mean(self, start: float | FloatArray, end: float | FloatArray) -> FloatArray:
        """Return how many spans there were at once, on average between two moments."""
        mean: FloatArray = np.maximum(0.0, self.until(end) - self.until(start)) / (end - start)
        return mean


@measure
def growth_with_load(run: Columns) -> float | None:
    """Return by which share durations grew when twice as many calls were in flight.

    Calls that finished after the last one started are left out: as the run ends, few are in flight
    because the others were shorter.

    Returns
    -------
    float or None
        0.1 for 10 % longer with twice the load, from a least-squares line through the logarithms of
        load and duration. None if the load hardly varied or there are too few calls to tell.
    """
    timed = run.finished > run.started
    starts, ends = run.started[timed], run.finished[timed]
    whole = ends <= starts.max(initial=0.0)
    loads = BusyTime(zip(starts, ends, strict=True)).mean(starts, ends)[whole]
    ranked, n = np.sort(loads), len(loads)
    if n < _MIN_CALLS or ranked[-n // 10] < _MIN_LOAD_RATIO * ranked[n // 10]:
        return None
    slope = np.polyfit(np.log(loads), np.log((ends - starts)[whole]), 1)[0]
    return float(2**slope - 1)
