"""What made a run longer than its calls and its limit explain: found in the records alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from .bounds import peak_in_flight, slots, upper_bound

if TYPE_CHECKING:
    from ..records import Call, Run

# What client and network may add to the upper bound before slots count as idle.
TOLERANCE = 0.05
# Calls overlap if they do so for more than this share of the time they could.
_OVERLAP = 0.01

Kind = Literal["one_at_a_time", "batches", "pauses", "slow_start", "limit_not_reached", "idle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why slots stood idle.

    Parameters
    ----------
    kind
        ``one_at_a_time``: no two calls overlapped. ``batches``: the calls went in groups, each of
        which waited for its slowest. ``pauses``: there were 429s, after which all calls wait.
        ``slow_start``: the first call had ended while the program was still beginning others.
        ``limit_not_reached``: fewer calls were in flight than the limit allowed. ``idle``: slots
        stood idle for no reason that the records tell.
    makespan, upper_bound
        Seconds.
    slots, peak
        How many calls could have been in flight, and how many were.
    lost
        Seconds that the run took longer than it had to, at least; for ``batches`` the seconds that
        a slot stood idle, on average, until the slowest call of its batch was done; for
        ``slow_start`` the seconds from the first start to the last.
    batches, size
        For ``batches``, how many there were and how many calls were in each; else 0.
    """

    kind: Kind
    makespan: float
    upper_bound: float
    slots: int
    peak: int
    lost: float
    batches: int = 0
    size: int = 0


def diagnose(run: Run) -> Diagnosis | None:
    """Find out whether slots stood idle while calls waited, and why.

    A run in which a waiting call always takes a free slot at once cannot last longer than its
    `upper_bound`. One that does, by more than 5 %, left slots idle. A run in batches, or one call
    at a time, is recognised even where it stays below the bound.

    Returns
    -------
    Diagnosis or None
        None if nothing is wrong, if only one slot was wanted, or if there are too few calls.
    """
    bound, wanted = upper_bound(run), slots(run)
    calls = sorted(_done(run), key=lambda call: (call.started or 0.0, call.index))
    if bound is None or bound <= 0 or len(calls) < 2 or wanted < 2:
        return None
    groups = _groups(calls)
    kind = _kind(run, calls, groups)
    if kind is None and run.makespan > (1 + TOLERANCE) * bound:
        kind = _kind_of_idleness(run, calls)
    if kind is None:
        return None
    lost = {"batches": _lost(groups), "slow_start": _begun_over(calls)}
    return Diagnosis(
        kind=kind,
        makespan=run.makespan,
        upper_bound=bound,
        slots=wanted,
        peak=peak_in_flight(run),
        lost=lost.get(kind, max(0.0, run.makespan - bound)),
        batches=len(groups) if kind == "batches" else 0,
        size=len(groups[0]) if kind == "batches" else 0,
    )


def _kind(run: Run, calls: list[Call], groups: list[list[Call]]) -> Kind | None:
    if _overlap(calls) <= _OVERLAP:
        return "one_at_a_time"
    in_batches = len(groups[0]) <= slots(run) and _are_batches(groups)
    return "batches" if in_batches and _lost(groups) > TOLERANCE * run.makespan else None


def _kind_of_idleness(run: Run, calls: list[Call]) -> Kind:
    if any(attempt.status == 429 for call in run.calls for attempt in call.attempts):
        return "pauses"
    if peak_in_flight(run) >= slots(run):
        return "idle"
    return "slow_start" if _are_begun_slowly(calls) else "limit_not_reached"


def _are_begun_slowly(calls: list[Call]) -> bool:
    """Tell whether calls were still being begun when the first one ended.

    Where something else limits them, such as a pool, as many as it takes are begun at once, and
    then none until one has ended.
    """
    first_end = min(call.finished or 0.0 for call in calls)
    starts = [(call.started or 0.0) for call in calls]
    begun = [start for start in starts if start < first_end]
    return len(begun) > 2 and begun[-1] - begun[0] > 0.5 * (first_end - begun[0])


def _begun_over(calls: list[Call]) -> float:
    return (calls[-1].started or 0.0) - (calls[0].started or 0.0)


def _overlap(calls: list[Call]) -> float:
    """Return how long calls overlapped, as a share of how long they could have."""
    durations = [call.duration or 0.0 for call in calls]
    possible = sum(durations) - max(durations)
    covered, end = 0.0, float("-inf")
    for call in calls:
        start, finish = call.started or 0.0, call.finished or 0.0
        covered += max(0.0, finish - max(start, end))
        end = max(end, finish)
    # Calls that took no time at all cannot be told apart from calls at the same time.
    return (sum(durations) - covered) / possible if possible > 0 else 1.0


def _groups(calls: list[Call]) -> list[list[Call]]:
    """Split the calls where none was in flight."""
    groups: list[list[Call]] = []
    end = float("-inf")
    for call in calls:
        if (call.started or 0.0) >= end:
            groups.append([])
        groups[-1].append(call)
        end = max(end, call.finished or 0.0)
    return groups


def _are_batches(groups: list[list[Call]]) -> bool:
    """Tell whether the groups have one size, but for the last, and follow the order of submission.

    Only then they were made; slots that all happen to be empty at one moment look different.
    """
    first, last = groups[0], groups[-1]
    if len(groups) < 2 or len(first) < 2 or len(last) > len(first):
        return False
    follow = all(
        max(call.index for call in group) < min(call.index for call in after)
        for group, after in pairwise(groups)
    )
    return follow and all(len(group) == len(first) for group in groups[:-1])


def _lost(groups: list[list[Call]]) -> float:
    """Return the seconds that the slots of a group stood idle until its slowest call was done."""
    lost = 0.0
    for group in groups[:-1]:
        ends = [call.finished or 0.0 for call in group]
        lost += sum(max(ends) - end for end in ends)
    return lost / len(groups[0])


def _done(run: Run) -> list[Call]:
    return [call for call in run.calls if call.duration is not None]
