"""What pairs of runs of the same prompts say: the speed-up and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import compress
from math import cos, exp, log, pi, sin, sqrt
from statistics import fmean, stdev

import numpy as np

from ..records import Comparison, Run
from .arrays import BoolArray, Columns, known, measure
from .bounds import peak_in_flight
from .kinds import is_watched, models_of
from .usage import find_length


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTimes:
    """How long the two runs of a pair took over the prompts that were answered in both.

    Parameters
    ----------
    sync, concurrent
        Seconds.
    kept
        How many prompts were answered in both runs, in whole or as far as max_tokens allowed.
    prompts
        How many prompts there are.
    cut
        How many of those kept max_tokens cut, in either run.
    """

    sync: float
    concurrent: float
    kept: int
    prompts: int
    cut: int = 0

    @property
    def ratio(self) -> float | None:
        """How many times faster the concurrent run was; None if there is nothing to divide."""
        if not self.kept or self.sync <= 0 or self.concurrent <= 0:
            return None
        return self.sync / self.concurrent


@measure
def pair_times(sync: Columns, concurrent: Columns) -> PairTimes:
    """Time both runs over the prompts that were answered in both, so that the same work is timed.

    If all prompts were answered in both, these are the makespans. Otherwise a run of one call at a
    time is charged its makespan less the durations of the calls left out, because without them the
    others would have moved up. A run of many at a time is charged the time from its first submit to
    its last finish among the calls kept: the others ran beside these. The speed-up is never
    overstated by that: the slots that the left-out calls held still count against the run.

    Parameters
    ----------
    sync, concurrent
        Two runs of the same prompts. Calls are matched by their index.
    """
    kept = answered_in_both(sync, concurrent)
    cut = {i for run in (sync, concurrent) for i in run.values("index", where=run.cut)}
    return PairTimes(
        sync=_time_without_others(sync, kept),
        concurrent=_time_without_others(concurrent, kept),
        kept=len(kept),
        prompts=len({*sync.values("index"), *concurrent.values("index")}),
        cut=len(kept & cut),
    )


def speedup(comparison: Comparison) -> float | None:
    """Return how many times faster the concurrent runs were than the sync runs.

    It is the geometric mean of the pairs' ratios, each over the prompts answered in both runs of
    its pair (`pair_times`). Below 1 the concurrent runs were slower.

    Returns
    -------
    float or None
        None if no pair has a prompt that was answered in both runs.
    """
    ratios = pair_ratios(comparison)
    return exp(fmean(map(log, ratios))) if ratios else None


def interval(comparison: Comparison) -> tuple[float, float] | None:
    """Return the 95 % interval of `speedup`, from Student's t on the logarithms of the ratios.

    Returns
    -------
    tuple or None
        The low and the high end; None for fewer than two pairs that can be compared.
    """
    if len(comparison.pairs) < 2:
        return None
    # Ratios multiply: in logarithms twice as fast and twice as slow are equally far from the same.
    logs = [log(ratio) for ratio in pair_ratios(comparison)]
    if len(logs) < 2:
        return None
    half = t_quantile(len(logs) - 1) * stdev(logs) / sqrt(len(logs))
    return exp(fmean(logs) - half), exp(fmean(logs) + half)


def pair_ratios(comparison: Comparison) -> list[float]:
    """Return how many times faster the concurrent run was, of each pair that can be compared."""
    ratios = (pair_times(*pair).ratio for pair in comparison.pairs)
    return [ratio for ratio in ratios if ratio is not None]


def median_pair(comparison: Comparison) -> tuple[Run, Run]:
    """Return the pair with the median speed-up, the lower of the two middle ones if R is even.

    Pairs without a speed-up are skipped; if all are, the first pair is returned.

    Raises
    ------
    ValueError
        If the comparison has no pairs.
    """
    if not comparison.pairs:
        raise ValueError("A Comparison needs at least one pair of runs; this one has 0.")
    if len(comparison.pairs) == 1:
        return comparison.pairs[0]
    ratios = [pair_times(*pair).ratio for pair in comparison.pairs]
    ranked = sorted((ratio, i) for i, ratio in enumerate(ratios) if ratio is not None)
    return comparison.pairs[ranked[(len(ranked) - 1) // 2][1] if ranked else 0]


@measure
def length_ratio(sync: Columns, concurrent: Columns) -> float | None:
    """Return how many times longer the concurrent run's answers were, as `find_length` measures.

    Only prompts that were answered in both runs count.

    Returns
    -------
    float or None
        None if either run has nothing to measure.
    """
    kept, length = answered_in_both(sync, concurrent), find_length(sync, concurrent)
    other, mine = (
        sum(compress(length.of(run), is_among(run, kept).tolist())) for run in (sync, concurrent)
    )
    return mine / other if mine and other else None


def t_quantile(freedom: int, *, level: float = 0.95) -> float:
    """Return the t within which a Student's t falls, on either side of 0, with probability `level`.

    Parameters
    ----------
    freedom
        Degrees of freedom, at least 1.
    level
        A probability, above 0 and below 1.

    Notes
    -----
    The probability is an exact finite sum for whole degrees of freedom (M. Abramowitz and
    I. A. Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4), inverted by bisection
    over the angle arctan(t / sqrt(freedom)).
    """
    low, high = 0.0, pi / 2
    for _ in range(60):  # each step halves the range, down to the precision of a float
        middle = (low + high) / 2
        below = _probability_within(middle, freedom) < level
        low, high = (middle, high) if below else (low, middle)
    return sqrt(freedom) * sin(low) / cos(low)


def _probability_within(angle: float, freedom: int) -> float:
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(2 + odd, freedom, 2):
        term *= cos(angle) ** 2 * (k - 1) / k
        total += term
    return 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total


@measure
def answered_in_both(sync: Columns, concurrent: Columns) -> set[int]:
    """Return the places of the prompts answered in both runs; other prompts are not the same."""
    first, second = (
        dict(zip(run.values("index", where=timed), run.values("prompt", where=timed), strict=True))
        for run, timed in ((sync, is_timed(sync)), (concurrent, is_timed(concurrent)))
    )
    # Files written without texts have no prompts: then the index alone must match.
    return {
        index
        for index in first.keys() & second.keys()
        if first[index] == second[index] or not (first[index] and second[index])
    }


def differences(runs: Sequence[Run]) -> list[str]:
    """Say what makes runs unlike: their times must not be compared then.

    What they were asked for may differ (the model, the endpoint, parameters): then their calls are
    compared, as `effects` does. What is not known, as of a file without prompts, is not counted as
    different.

    Examples
    --------
    >>> differences([run_of_two_prompts, run_of_three])
    ['different numbers of prompts']
    """
    prompts = [tuple(Columns.of(run).values("prompt")) for run in runs]
    simulated, real = ([run for run in runs if run.simulated is kind] for kind in (True, False))
    counts = {len(run.calls) for run in runs}
    apis = {tuple(Columns.of(run).values("api")) for run in runs}
    found = {
        "different numbers of prompts": len(counts) > 1,
        "different prompts": len(counts) == 1 and len({p for p in prompts if any(p)}) > 1,
        "different kinds of call": len(apis) > 1 and len(counts) == 1,
        # What other code asked for is not known: only which models answered it.
        "different models": len(
            {each for run in runs if is_watched(run) and (each := models_of(run))}
        )
        > 1,
        "simulated against real": bool(simulated and real),
    }
    return [difference for difference, is_there in found.items() if is_there]


def is_timed(run: Columns) -> BoolArray:
    """Tell which calls of a run were answered, and when."""
    return run.answered & ~np.isnan(run.finished)


def is_among(run: Columns, indexes: AbstractSet[int]) -> BoolArray:
    """Tell which calls of a run have one of these indexes."""
    return np.fromiter(map(indexes.__contains__, run.values("index")), np.bool_, len(run.calls))


def _time_without_others(run: Columns, kept: AbstractSet[int]) -> float:
    is_kept = is_among(run, kept)
    if run.max_concurrency == 1 or (is_watched(run) and peak_in_flight(run) <= 1):
        others = float(np.nansum(run.duration[~is_kept]))
        return max(0.0, run.makespan - others) if kept else 0.0
    finished, submitted = known(run.finished[is_kept]), known(run.submitted[is_kept])
    return float(finished.max() - submitted.min()) if finished.size and submitted.size else 0.0
