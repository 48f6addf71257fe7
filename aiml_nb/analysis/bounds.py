"""From when to when a run was, how many calls were in flight, and how long it could have taken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .arrays import Columns, FloatArray, known, measure
from .kinds import is_watched


@measure
def peak_in_flight(run: Columns) -> int:
    """Return the most calls that were in flight at one moment, 0 if none started.

    A call that starts at the very moment another finishes takes its slot: the two do not overlap.
    """
    starts = np.sort(known(run.started))
    if not starts.size:
        return 0
    ends = np.sort(run.finished[~np.isnan(run.started)])  # NaN, never finished, comes last
    done = np.searchsorted(ends, starts, side="right")
    # A call that took no time is over when it starts: there is still one in flight.
    return max(1, int(np.max(np.arange(1, starts.size + 1) - done)))


@measure
def mean_in_flight(run: Columns) -> float:
    """Return the time average of the calls in flight over the makespan, 0 if nothing finished.

    A call that started and never finished counts as in flight until the run's last finish.
    """
    return float(_held(run).sum() / run.makespan) if run.makespan > 0 else 0.0


@measure
def lower_bound(run: Columns) -> float | None:
    """Return the least makespan possible with these durations and this limit, in seconds.

    The limit is ``run.max_concurrency``, or the number of calls where that is smaller: then no
    limit was effective. Should the records show more calls in flight than were allowed, their peak
    is the limit, so that the bound never exceeds the makespan.

    Returns
    -------
    float or None
        None if no call both started and finished; if the run was watched: its code may have needed
        one answer for the next call, and nobody set a limit; or if it shared its limit, in a grid.

    Notes
    -----
    With the durations d sorted down, n of them, and the limit c, the bound is the largest of d1
    (the longest call), sum(d) / c (no slot ever idle) and, if n > c, d_c + d_(c+1) (two of the
    c + 1 longest calls must share a slot). All three are classical for independent tasks on
    identical machines: R. L. Graham, "Bounds on multiprocessing timing anomalies", SIAM Journal on
    Applied Mathematics 17(2), 1969.
    """
    durations = np.sort(known(run.duration))[::-1]
    if not durations.size or is_watched(run) or run.variant is not None:
        return None
    return least_makespan(durations, limit=slots(run))


@measure
def any_finished(run: Columns) -> bool:
    """Tell whether any call both started and finished."""
    return bool(known(run.duration).size)


def least_makespan(durations: FloatArray | Sequence[float], *, limit: int) -> float:
    """Return the bound of `lower_bound` for durations that are sorted down, in seconds.

    Parameters
    ----------
    durations
        Seconds, the longest first; at least one.
    limit
        How many calls may be in flight.
    """
    bounds = [durations[0], np.sum(durations) / limit]
    if len(durations) > limit:
        bounds.append(durations[limit - 1] + durations[limit])
    return float(max(bounds))


@measure
def upper_bound(run: Columns) -> float | None:
    """Return the longest makespan possible if no slot ever stands idle while a call waits, seconds.

    Calls that started and never finished held their slot until the last finish. Where the limit
    changed during the run, its least value is taken, so that the bound holds.

    Returns
    -------
    float or None
        None if no call both started and finished.

    Notes
    -----
    With the durations d, the longest of them d1, and the limit c, it is sum(d) / c + (1 - 1/c) d1:
    R. L. Graham, "Bounds for certain multiprocessing anomalies", Bell System Technical Journal
    45(9), 1966.
    """
    if lower_bound(run) is None:
        return None
    held = _held(run)
    limit = min([slots(run), *(change.limit for change in run.limit_history)])
    return float(held.sum() / limit + (1 - 1 / limit) * held.max())


@measure
def slots(run: Columns) -> int:
    """Return the effective limit of a run: how many calls could have been in flight, at least 1.

    It is ``run.max_concurrency``, or the largest value of a limit that changed, or the number of
    calls that started and finished where that is smaller; but never less than the peak in flight.
    Of a watched run, for which nobody set a limit, it is that peak.
    """
    if is_watched(run):
        return max(1, peak_in_flight(run))
    done = known(run.duration).size
    allowed = max([change.limit for change in run.limit_history] or [run.max_concurrency])
    return max(1, min(allowed, done), peak_in_flight(run))


@measure
def efficiency(run: Columns) -> float | None:
    """Return `lower_bound` divided by the makespan: 1 if no schedule could be shorter.

    Returns
    -------
    float or None
        None if no call both started and finished, or if the makespan is 0.
    """
    bound = lower_bound(run)
    return bound / run.makespan if bound is not None and run.makespan > 0 else None


@measure
def origin_of(run: Columns) -> float:
    """Return the stamp of the first submit, or of the first start if none is known."""
    for stamps in (known(run.submitted), known(run.started)):
        if stamps.size:
            return float(stamps.min())
    return 0.0


@measure
def end_of(run: Columns) -> float:
    """Return the last stamp of a run."""
    stamps = known(np.concatenate([run.submitted, run.started, run.finished]))
    return float(stamps.max()) if stamps.size else 0.0


def _held(run: Columns) -> FloatArray:
    """Return how long each call held its slot; if it never finished, until the last finish."""
    ends = known(run.finished)
    end = float(ends.max()) if ends.size else 0.0
    held = np.where(np.isnan(run.finished), end, run.finished) - run.started
    return np.maximum(known(held), 0.0)
