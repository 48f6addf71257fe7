"""How many calls were answered, how many not, and what they waited for between attempts."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ..records import STEP, Call, without_steps
from .arrays import Columns, measure
from .kinds import parents


@measure
def count_answered(run: Columns) -> int:
    """Return how many calls of a run were answered."""
    return int(np.count_nonzero(run.answered))


@measure
def count_cut(run: Columns) -> int:
    """Return how many answers of a run were cut by max_tokens."""
    return int(np.count_nonzero(run.cut))


@measure
def count_taken(run: Columns) -> int:
    """Return how many answers were taken from the journal of an earlier run."""
    return int(np.count_nonzero(run.from_journal))


@measure
def count_made(run: Columns) -> int:
    """Return how many calls a run had to make, at least 1: not those from the journal."""
    return max(1, len(run.calls) - count_taken(run))


@measure
def unanswered(run: Columns) -> list[Call]:
    """Return the calls of a run that were not answered."""
    return run.select(~run.answered)


@measure
def count_outcomes(run: Columns) -> Counter[str]:
    """Return how many calls came to each outcome; steps of watched code are none."""
    if STEP not in run.values("api"):
        return Counter(run.values("outcome"))
    return Counter(call.outcome for call in without_steps(run.calls))


@measure
def count_attempts(run: Columns) -> int:
    """Return how many attempts were made, over all calls; steps of watched code are none."""
    if STEP not in run.values("api"):
        return int(run.attempt_counts.sum())
    return sum(len(call.attempts) for call in without_steps(run.calls))


@measure
def backoff_time(run: Columns) -> float:
    """Return the seconds slept between attempts, over all calls."""
    return sum(call.backoff_time for call in retried(run))


@measure
def retried(run: Columns) -> list[Call]:
    """Return the calls of a run that were tried more than once."""
    return run.select(run.attempt_counts > 1)


def sum_of(run: Columns, name: str) -> float | None:
    """Return the sum of a field over the calls that have it; None if none has.

    What was taken from a journal is left out, since another run spent it. Of functions, which have
    none themselves, it is that of the calls made within them.
    """
    known = [value for value in run.values(name, where=~run.from_journal) if value is not None]
    # Answers that were asked for again, as they were invalid, were paid for, too.
    before = ((call.invalid_usage or {}).get(name) for call in retried(run))
    known += [value for value in before if value is not None]
    left = [
        child for call in parents(run) if getattr(call, name) is None for child in call.children
    ]
    while left:
        call = left.pop()
        value = getattr(call, name)
        if value is None:
            left += call.children
        else:
            known.append(value)
    return sum(known) if known else None
