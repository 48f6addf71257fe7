"""In which order the calls finished, and which of them overtook others."""

from __future__ import annotations

from math import comb, inf

import numpy as np

from .arrays import Columns, FloatArray, IntArray, measure


@measure
def finishing_ranks(run: Columns) -> list[int | None]:
    """Return each call's place in the order of finishing, from 1.

    Calls with identical stamps keep the order of the prompts.

    Returns
    -------
    list
        One rank per call, in the order of ``run.calls``; None for a call that never finished.
    """
    ranks: list[int | None] = [None] * len(run.calls)
    for rank, i in enumerate(finishing_order(run).tolist(), start=1):
        ranks[i] = rank
    return ranks


@measure
def overtakes(run: Columns) -> list[int | None]:
    """Count, for each call, the earlier-submitted calls still unfinished when it finished.

    A call that was submitted and never finished counts as unfinished for ever. Of calls submitted
    at the same instant the one with the smaller index is the earlier. A call that finishes at the
    very same instant as another has not overtaken it.

    Returns
    -------
    list
        One count per call, in the order of ``run.calls``; None for a call that never finished.

    Notes
    -----
    n calls take O(n log n); see `_count_larger_before`.
    """
    counts: list[int | None] = [None] * len(run.calls)
    for i, count in zip(*map(np.ndarray.tolist, _overtakers(run)), strict=True):
        counts[i] = count
    return counts


@measure
def _overtakers(run: Columns) -> tuple[IntArray, IntArray]:
    """Return the places of the calls that finished, in the order submitted, and their overtakes."""
    order = submission_order(run)
    ends = np.nan_to_num(run.finished[order], nan=inf)
    is_finished = ends < inf
    return order[is_finished], _count_larger_before(ends)[is_finished]


@measure
def total_overtakes(run: Columns) -> int:
    """Return the sum of `overtakes`: the number of inverted pairs of calls."""
    return int(_overtakers(run)[1].sum())


@measure
def inverted_share(run: Columns) -> float | None:
    """Return the share of pairs of submitted calls that finished in the other order.

    Returns
    -------
    float or None
        From 0 (the order of submission) to 1 (its reverse); None for fewer than two calls.
    """
    pairs = comb(len(submission_order(run)), 2)
    return total_overtakes(run) / pairs if pairs else None


@measure
def kendall_tau(run: Columns) -> float | None:
    """Return how well the order of finishing agrees with the order of submission.

    Returns
    -------
    float or None
        From 1 (the same order) to -1 (its reverse), over the calls that finished; None for fewer
        than two of them.

    Notes
    -----
    The difference of concordant and discordant pairs over all pairs; identical stamps are neither:
    M. G. Kendall, "A new measure of rank correlation", Biometrika 30, 1938.
    """
    order = submission_order(run)
    never_finished = np.isnan(run.finished[order])
    ends = run.finished[order][~never_finished]
    pairs = comb(len(ends), 2)
    if not pairs:
        return None
    _, counts = np.unique(ends, return_counts=True)
    tied = int(np.sum(counts * (counts - 1) // 2))
    # Without the overtakes of calls that never finished.
    inverted = total_overtakes(run) - int(np.cumsum(never_finished)[~never_finished].sum())
    return 1 - (2 * inverted + tied) / pairs


@measure
def finishing_order(run: Columns) -> IntArray:
    """Return the places in ``run.calls`` of the calls that finished, the first first."""
    order = np.argsort(run.finished, kind="stable")  # NaN comes last
    return order[: np.count_nonzero(~np.isnan(run.finished))]


@measure
def submission_order(run: Columns) -> IntArray:
    """Return the places in ``run.calls`` of the calls that were submitted, the first first."""
    order = np.argsort(run.submitted, kind="stable")
    return order[: np.count_nonzero(~np.isnan(run.submitted))]


def _count_larger_before(values: FloatArray) -> IntArray:
    """Count, for each value, the larger values before it.

    This is a merge sort run backwards: the places are sorted by value once, then split by halves
    until each is alone. In every block, those of its right half count the larger ones of its left.
    Splitting what is sorted takes a cumulative sum, where merging would take a sort per level.
    """
    places = np.argsort(values, kind="stable")  # of equal values the left one comes first
    counts = np.zeros(len(values), np.int64)
    for digit in reversed(range(max(len(values) - 1, 0).bit_length())):
        half = 1 << digit
        is_left = places & half == 0
        left, right = places[is_left], places[~is_left]
        smaller = np.cumsum(is_left)[~is_left]  # in all left halves so far, equal ones included
        # The blocks up to this one have so many on the left: only the last block is not full.
        counts[right] += ((right >> (digit + 1)) + 1) * half - smaller
        nth = np.arange(len(left))
        starts = nth & -half  # leaves room for the other halves
        places[nth + starts] = left
        places[(nth + starts + half)[: len(right)]] = right
    return counts
