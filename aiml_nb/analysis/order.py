"""In which order the calls finished, and which of them overtook others."""

from __future__ import annotations

from bisect import bisect_left
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..records import Run


def finishing_ranks(run: Run) -> list[int | None]:
    """Return each call's place in the order of finishing, from 1.

    Calls with identical stamps keep the order of the prompts.

    Parameters
    ----------
    run
        The run.

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

    Parameters
    ----------
    run
        The run.

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
    ends = [inf if call.finished is None else call.finished for call in run.calls]
    places = sorted({ends[i] for _, i in submitted})
    tree = [0] * (len(places) + 1)
    counts: list[int | None] = [None] * len(run.calls)
    for earlier, (_, i) in enumerate(sorted(submitted)):
        place = bisect_left(places, ends[i]) + 1
        if ends[i] < inf:
            counts[i] = earlier - _count_up_to(tree, place)
        _add(tree, place)
    return counts


def total_overtakes(run: Run) -> int:
    """Return the sum of `overtakes`: the number of inverted pairs of calls.

    Parameters
    ----------
    run
        The run.
    """
    return sum(count for count in overtakes(run) if count is not None)


def _add(tree: list[int], place: int) -> None:
    while place < len(tree):
        tree[place] += 1
        place += place & -place


def _count_up_to(tree: list[int], place: int) -> int:
    count = 0
    while place:
        count += tree[place]
        place &= place - 1
    return count
