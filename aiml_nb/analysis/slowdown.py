"""Where a speed-up comes from: many calls in flight, each of them somewhat slower."""

from __future__ import annotations

from dataclasses import dataclass

from .arrays import Columns, known, measure
from .pairs import answered_in_both, is_among, pair_times


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedupParts:
    """The identity ``speedup = mean_in_flight / slowdown``, over the prompts answered in both.

    Parameters
    ----------
    speedup
        How many times faster the concurrent run was.
    mean_in_flight
        How many of these calls were in flight at once, on average over the concurrent run.
    slowdown
        The time a call took in the concurrent run over the time it took in the sync run, there
        with the moment that passed until the next call; below 1 calls were quicker.
    kept, prompts, cut
        How many prompts were answered in both runs, of how many; of how many max_tokens cut the
        answer.
    """

    speedup: float
    mean_in_flight: float
    slowdown: float
    kept: int
    prompts: int
    cut: int = 0


@measure
def speedup_parts(sync: Columns, concurrent: Columns) -> SpeedupParts | None:
    """Take the speed-up of a pair of runs apart.

    Returns
    -------
    SpeedupParts or None
        None if there is nothing to compare.

    Notes
    -----
    With the makespans S and C and the durations d of the concurrent calls, S / C is the same as
    (sum(d) / C) / (sum(d) / S): an identity, and a case of J. D. C. Little's law.
    """
    times = pair_times(sync, concurrent)
    ratio = times.ratio
    kept = answered_in_both(sync, concurrent)
    busy = sum(known(concurrent.duration[is_among(concurrent, kept)]).tolist())
    if ratio is None or busy <= 0:
        return None
    return SpeedupParts(
        speedup=ratio,
        mean_in_flight=busy / times.concurrent,
        slowdown=busy / times.sync,
        kept=times.kept,
        prompts=times.prompts,
        cut=times.cut,
    )
