"""How many calls were in flight, and how near a run came to the least time possible."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..records import Run


def peak_in_flight(run: Run) -> int:
    """Return the most calls that were in flight at one moment, 0 if none started.

    A call that starts at the very moment another finishes takes its slot: the two do not overlap.

    Parameters
    ----------
    run
        The run.
    """
    steps = sorted(
        step
        for call in run.calls
        if call.started is not None
        for step in ((call.started, 1), (inf if call.finished is None else call.finished, -1))
    )
    in_flight, peak = 0, min(len(steps), 1)
    for _, change in steps:
        in_flight += change
        peak = max(peak, in_flight)
    return peak


def mean_in_flight(run: Run) -> float:
    """Return the time average of the calls in flight over the makespan, 0 if nothing finished.

    A call that started and never finished counts as in flight until the run's last finish.

    Parameters
    ----------
    run
        The run.
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

    Parameters
    ----------
    run
        The run.

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
    limit = max(1, min(run.max_concurrency, len(durations)), peak_in_flight(run))
    bounds = [durations[0], sum(durations) / limit]
    if len(durations) > limit:
        bounds.append(durations[limit - 1] + durations[limit])
    return max(bounds)


def efficiency(run: Run) -> float | None:
    """Return `lower_bound` divided by the makespan: 1 if no schedule could be shorter.

    Parameters
    ----------
    run
        The run.

    Returns
    -------
    float or None
        None if no call both started and finished, or if the makespan is 0.
    """
    bound = lower_bound(run)
    return bound / run.makespan if bound is not None and run.makespan > 0 else None
