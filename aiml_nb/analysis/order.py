"""In which order the calls finished, and which of them overtook others."""

from __future__ import annotations

from collections import Counter
from math import comb, inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..records import Run


def finishing_ranks(run: Run) -> list[int | None]:
    """Return each call's place in the order of finishing, from 1.

    Calls with identical stamps keep the order of the prompts.

    Returns
    -------
    list
        One rank per call, in the order of ``run.calls``; None for a call that never finished.
    """
    done = [(call.finished, i) for i, call in enumerate(run.calls) if call.finished is not None]
    ranks: list[int | None] = [None] * len(run.calls)
    for rank, (_, i) in enumerate(sorted(done), start=1):
        ranks[i] = rank
    return ranks


def overtakes(run: Run) -> list[int | None]:
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
    The counts are read from a binary indexed tree over the order of finishing, so that n calls
    take O(n log n): P. M. Fenwick, "A new data structure for cumulative frequency tables",
    Software: Practice and Experience 24(3), 1994.
    """
    submitted = [(c.submitted, i) for i, c in enumerate(run.calls) if c.submitted is not None]
    order = [i for _, i in sorted(submitted)]
    ends = [inf if (end := run.calls[i].finished) is None else end for i in order]
    counts: list[int | None] = [None] * len(run.calls)
    for i, end, count in zip(order, ends, _later_before(ends), strict=True):
        counts[i] = count if end < inf else None
    return counts


def total_overtakes(run: Run) -> int:
    """Return the sum of `overtakes`: the number of inverted pairs of calls."""
    return sum(count for count in overtakes(run) if count is not None)


def inverted_share(run: Run) -> float | None:
    """Return the share of pairs of submitted calls that finished in the other order.

    Returns
    -------
    float or None
        From 0 (the order of submission) to 1 (its reverse); None for fewer than two calls.
    """
    pairs = comb(sum(call.submitted is not None for call in run.calls), 2)
    return total_overtakes(run) / pairs if pairs else None


def kendall_tau(run: Run) -> float | None:
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
    done = sorted(
        (call.submitted, i, call.finished)
        for i, call in enumerate(run.calls)
        if call.submitted is not None and call.finished is not None
    )
    pairs = comb(len(done), 2)
    if not pairs:
        return None
    ends = [end for _, _, end in done]
    tied = sum(comb(count, 2) for count in Counter(ends).values())
    return 1 - (2 * sum(_later_before(ends)) + tied) / pairs


def _later_before(ends: list[float]) -> list[int]:
    """Count, for each value, the larger values before it."""
    places = {end: place for place, end in enumerate(sorted(set(ends)), start=1)}
    size = len(places) + 1
    tree = [0] * size
    counts = []
    for earlier, end in enumerate(ends):
        place, before = places[end], 0
        while place:
            before += tree[place]
            place &= place - 1
        counts.append(earlier - before)
        place = places[end]
        while place < size:
            tree[place] += 1
            place += place & -place
    return counts
