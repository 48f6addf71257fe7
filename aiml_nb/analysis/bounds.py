"""From when to when a run was, how many calls were in flight, and how long it could have taken."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..records import Run


def peak_in_flight(run: Run) -> int:
    """Return the most calls that were in flight at one moment, 0 if none started.

    A call that starts at the very moment another finishes takes its slot: the two do not overlap.
    """
    started = [call for call in run.calls if call.started is not None]
    starts = sorted(call.started for call in started if call.started is not None)
    ends = sorted(inf if call.finished is None else call.finished for call in started)
    peak = done = 0
    for begun, start in enumerate(starts, start=1):
        while done < len(ends) and ends[done] <= start:
            done += 1
        peak = max(peak, begun - done)
    return max(peak, min(len(starts), 1))


def mean_in_flight(run: Run) -> float:
    """Return the time average of the calls in flight over the makespan, 0 if nothing finished.

    A call that started and never finished counts as in flight until the run's last finish.
    """
    makespan = run.makespan
    if makespan <= 0:
        return 0.0
    end = max(call.finished for call in run.calls if call.finished is not None)
    busy = sum(
        max(0.0, (end if call.finished is None else call.finished) - call.started)
        for call in run.calls
        if call.started is not None
    )
    return busy / makespan


def lower_bound(run: Run) -> float | None:
    """Return the least makespan possible with these durations and this limit, in seconds.

    The limit is ``run.max_concurrency``, or the number of calls where that is smaller: then no
    limit was effective. Should the records show more calls in flight than were allowed, their peak
    is the limit, so that the bound never exceeds the makespan.

    Returns
    -------
    float or None
        None if no call both started and finished.

    Notes
    -----
    With the durations d sorted down, n of them, and the limit c, the bound is the largest of d1
    (the longest call), sum(d) / c (no slot ever idle) and, if n > c, d_c + d_(c+1) (two of the
    c + 1 longest calls must share a slot). All three are classical for independent tasks on
    identical machines: R. L. Graham, "Bounds on multiprocessing timing anomalies", SIAM Journal on
    Applied Mathematics 17(2), 1969.
    """
    durations = sorted((d for call in run.calls if (d := call.duration) is not None), reverse=True)
    if not durations:
        return None
    return least_makespan(durations, limit=slots(run))


def least_makespan(durations: Sequence[float], *, limit: int) -> float:
    """Return the bound of `lower_bound` for durations that are sorted down, in seconds.

    Parameters
    ----------
    durations
        Seconds, the longest first; at least one.
    limit
        How many calls may be in flight.
    """
    bounds = [durations[0], sum(durations) / limit]
    if len(durations) > limit:
        bounds.append(durations[limit - 1] + durations[limit])
    return max(bounds)


def upper_bound(run: Run) -> float | None:
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
    ended = [call.finished for call in run.calls if call.finished is not None]
    if not ended or lower_bound(run) is None:
        return None
    held = [
        max(0.0, (max(ended) if call.finished is None else call.finished) - call.started)
        for call in run.calls
        if call.started is not None
    ]
    limits = [change.limit for change in run.limit_history]
    limit = min([slots(run), *limits])
    return sum(held) / limit + (1 - 1 / limit) * max(held)


def slots(run: Run) -> int:
    """Return the effective limit of a run: how many calls could have been in flight, at least 1.

    It is ``run.max_concurrency``, or the largest value of a limit that changed, or the number of
    calls that started and finished where that is smaller; but never less than the peak in flight.
    """
    done = sum(call.duration is not None for call in run.calls)
    allowed = max([change.limit for change in run.limit_history] or [run.max_concurrency])
    return max(1, min(allowed, done), peak_in_flight(run))


def efficiency(run: Run) -> float | None:
    """Return `lower_bound` divided by the makespan: 1 if no schedule could be shorter.

    Returns
    -------
    float or None
        None if no call both started and finished, or if the makespan is 0.
    """
    bound = lower_bound(run)
    return bound / run.makespan if bound is not None and run.makespan > 0 else None


def origin_of(run: Run) -> float:
    """Return the stamp of the first submit, or of the first start if none is known."""
    stamps = [call.submitted for call in run.calls if call.submitted is not None]
    return min(stamps or [call.started for call in run.calls if call.started is not None] or [0.0])


def end_of(run: Run) -> float:
    """Return the last stamp of a run."""
    stamps = (
        stamp
        for call in run.calls
        for stamp in (call.submitted, call.started, call.finished)
        if stamp is not None
    )
    return max(stamps, default=0.0)
