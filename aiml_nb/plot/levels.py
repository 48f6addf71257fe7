"""How many calls of each kind were in flight at once, over time, one above the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..analysis.arrays import Columns, FloatArray
from ..analysis.kinds import HOLDERS, single_calls
from .inside import spans_of
from .kinds import KIND_BARS, PHASES
from .segments import Segments

# What is drawn as waiting: in flight, and no text has come.
_WAITING = ("waiting", "whole", "failed", "cancelled", "retried")


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """What was in flight between the edges of steps of time.

    Parameters
    ----------
    levels
        For each state how many were in it, and in those before it.
    backoff
        Rows of ``(start, end, row)`` of the waits between attempts.
    functions
        How many functions of the user's own were at work, None if the run has none.
    """

    levels: dict[str, FloatArray]
    backoff: FloatArray
    functions: FloatArray | None


def count_in_flight(run: Columns, drawn: Segments, edges: FloatArray) -> InFlight:
    """Count the calls in flight, those within functions among them."""
    spans: Mapping[str, FloatArray] = drawn.bars | drawn.lines
    functions = None
    if drawn.inside is not None or any(len(drawn.bars.get(each, ())) for each in HOLDERS):
        functions = at_once([spans[each] for each in HOLDERS if each in spans], edges)
        spans = spans_of(run, single_calls(run), plain=drawn.plain)
    levels = {"streaming": at_once([spans["streaming"]], edges)}
    levels["waiting"] = levels["streaming"] + at_once([spans[each] for each in _WAITING], edges)
    below = levels["waiting"]
    for kind in dict.fromkeys(state.split()[0] for state in KIND_BARS if state not in HOLDERS):
        parts = [spans[f"{kind} {phase}"] for phase in PHASES if f"{kind} {phase}" in spans]
        if any(map(len, parts)):
            below = levels[f"{kind} whole"] = below + at_once(parts, edges)
    return InFlight(levels=levels, backoff=spans["backoff"], functions=functions)


def at_once(spans: Sequence[FloatArray], edges: FloatArray) -> FloatArray:
    """Return how many spans there were at once, on average between two edges."""
    starts, ends, _ = np.concatenate(spans).T
    busy = _seconds_since(starts, edges) - _seconds_since(np.maximum(starts, ends), edges)
    return np.maximum(np.diff(busy) / np.diff(edges), 0.0)


def _seconds_since(stamps: FloatArray, edges: FloatArray) -> FloatArray:
    """Return, at each edge, the seconds since each of the stamps before it, added up."""
    ranked = np.sort(stamps)
    passed = np.searchsorted(ranked, edges, side="right")
    sums: FloatArray = passed * edges - np.concatenate([[0.0], np.cumsum(ranked)])[passed]
    return sums
