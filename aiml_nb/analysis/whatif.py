"""What other limits would have done: the run's own durations, replayed."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapreplace

import numpy as np

from .arrays import Columns, known
from .bounds import least_makespan


def replayed_durations(run: Columns) -> list[float]:
    """Return the seconds of each call that was made, in the order submitted."""
    submitted = np.nan_to_num(run.submitted, nan=0.0).tolist()
    keys = list(zip(submitted, run.values("index"), strict=True))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    durations: list[float] = known(run.duration[order]).tolist()
    return durations


def first_come(durations: Sequence[float], *, slots: int) -> float:
    """Return the makespan of calls that start, in their order, in the slot that is free first.

    Parameters
    ----------
    durations
        Seconds.
    slots
        How many calls may be in flight.
    """
    # A heap of when each slot is free again, the earliest first; slots beyond the calls stay empty.
    free = [0.0] * min(slots, max(len(durations), 1))
    for duration in durations:
        heapreplace(free, free[0] + duration)
    return max(free)


def find_knee(limits: Sequence[int], makespans: Sequence[float]) -> int:
    """Return the limit beyond which more calls in flight gain less than they cost.

    It is the one with the largest ratio of efficiency to makespan: D. L. Eager, J. Zahorjan and
    E. D. Lazowska, "Speedup versus efficiency in parallel systems", IEEE Transactions on Computers
    38(3), 1989.
    """
    # Efficiency is sum(durations) / (limit * makespan): of the ratio only this much varies.
    costs = [limit * makespan**2 for limit, makespan in zip(limits, makespans, strict=True)]
    return limits[costs.index(min(costs))]


def least_makespans(durations: Sequence[float], limits: Sequence[int]) -> list[float]:
    """Return the lower bound of the makespan with each limit, in seconds."""
    ranked = sorted(durations, reverse=True)
    return [least_makespan(ranked, limit=limit) for limit in limits]
