"""How many calls were answered, how many not, and what they waited for between attempts."""

from __future__ import annotations

import numpy as np

from ..records import Call
from .answered import is_cut
from .arrays import Columns, measure


@measure
def count_answered(run: Columns) -> int:
    """Return how many calls of a run were answered."""
    return int(np.count_nonzero(run.answered))


@measure
def count_cut(run: Columns) -> int:
    """Return how many answers of a run were cut by max_tokens."""
    return sum(map(is_cut, run.calls))


@measure
def unanswered(run: Columns) -> list[Call]:
    """Return the calls of a run that were not answered."""
    return [run.calls[place] for place in np.flatnonzero(~run.answered).tolist()]


@measure
def backoff_time(run: Columns) -> float:
    """Return the seconds slept between attempts, over all calls."""
    return sum(call.backoff_time for call in run.calls if len(call.attempts) > 1)
