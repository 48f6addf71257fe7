"""Which kinds of call a run has, and which calls were made within others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from ..records import CHAT, STEP, WATCH, Call, Run
from .answered import is_answered
from .arrays import Columns, known, measure

# Kinds of records that contain calls and are not calls themselves.
HOLDERS = ("function", STEP)
# Of the kinds that answer with text, the first that occurs is drawn without a hatch.
_TEXTS = (CHAT, "responses", "messages", "completions")


def is_watched(run: Run) -> bool:
    """Tell whether a run is somebody's own code that was watched: no queue and limit of ours."""
    return run.strategy == WATCH


def models_of(run: Run) -> frozenset[str]:
    """Return the models of a run: what it asked for, or of a watched one those that answered.

    A call that failed knows only under which name it asked for one.
    """
    if is_watched(run):
        return frozenset(call.model for call in run.calls if call.model and is_answered(call))
    return frozenset([run.model] if run.model else [])


@measure
def has_functions(run: Columns) -> bool:
    """Tell whether calls of a run are functions of the user's own, or steps."""
    return not set(run.values("api")).isdisjoint(HOLDERS)


@measure
def mean_calls_in_flight(run: Columns) -> float:
    """Return the time average of all calls in flight, those within functions among them."""
    end = float(np.max(known(run.finished), initial=0.0))
    busy = sum(
        max(0.0, (end if call.finished is None else call.finished) - call.started)
        for call in single_calls(run)
        if call.started is not None
    )
    return busy / run.makespan if run.makespan > 0 else 0.0


@measure
def parents(run: Columns) -> list[Call]:
    """Return the calls of a run within which others were made; mostly none."""
    if not any(run.values("children")):
        return []
    return [call for call in run.calls if call.children]


def within(call: Call) -> Iterator[tuple[int, Call]]:
    """Yield what was made within a call, in order, each with its depth from 1."""
    left = [(1, child) for child in reversed(call.children)]
    while left:
        depth, child = left.pop()
        yield depth, child
        left += [(depth + 1, each) for each in reversed(child.children)]


@measure
def inner_calls(run: Columns) -> list[Call]:
    """Return the calls that were made within others, however deep; no functions and steps."""
    return [child for call in parents(run) for _, child in within(call) if child.api not in HOLDERS]


@measure
def single_calls(run: Columns) -> list[Call]:
    """Return all calls of a run that are no functions and no steps, those within others too."""
    return [call for call in run.calls if call.api not in HOLDERS] + inner_calls(run)


@measure
def kinds(run: Columns) -> Counter[str]:
    """Return how many calls there are of each kind, those within others among them."""
    found = Counter(run.values("api")) + Counter(call.api for call in inner_calls(run))
    for holder in HOLDERS:
        del found[holder]
    return found


def plainest(*found: Counter[str]) -> str:
    """Return the kind of call that is drawn without a hatch, of these kinds in several runs."""
    present = {kind for each in found for kind in each}
    return next((kind for kind in _TEXTS if kind in present), CHAT)
