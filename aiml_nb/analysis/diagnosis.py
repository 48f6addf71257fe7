"""What made a run longer than its calls and its limit explain: found in the records alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .arrays import Columns, FloatArray, IntArray, known, measure
from .bounds import peak_in_flight, slots, upper_bound
from .pauses import pauses, refusals

# Client and network add to the upper bound: only a run this share longer had idle slots.
TOLERANCE = 0.05
# Calls overlap if they do so for more than this share of the time they could.
_OVERLAP = 0.01

# What was held back by the run itself for this share of the time lost explains the rest, too.
_HELD_SHARE = 0.5

Kind = Literal[
    "one_at_a_time", "batches", "pauses", "held", "slow_start", "limit_not_reached", "idle"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why slots stood idle.

    Parameters
    ----------
    kind
        ``one_at_a_time``: no two calls overlapped. ``batches``: the calls went in groups, each of
        which waited for its slowest. ``pauses``: there were 429s, after which all calls wait.
        ``held``: the run held its calls back, by its rates or because the server was away.
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


@measure
def diagnose(run: Columns) -> Diagnosis | None:
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
    done = _Done.of(run)
    if bound is None or bound <= 0 or len(done.starts) < 2 or wanted < 2:
        return None
    kind = _kind(run, done)
    if kind is None and run.makespan > (1 + TOLERANCE) * bound:
        kind = _kind_of_idleness(run, done)
    if kind is None or _was_broken_off(run):
        return None
    if kind != "batches":
        kind = _kind_of_hold(run, bound) or kind
    lost = {"batches": done.idle, "slow_start": done.starts[-1] - done.starts[0]}
    return Diagnosis(
        kind=kind,
        makespan=run.makespan,
        upper_bound=bound,
        slots=wanted,
        peak=peak_in_flight(run),
        lost=float(lost.get(kind, max(0.0, run.makespan - bound))),
        batches=len(done.sizes) if kind == "batches" else 0,
        size=int(done.sizes[0]) if kind == "batches" else 0,
    )


def _was_broken_off(run: Columns) -> bool:
    """Say whether a run went on later: between its parts nothing was to be done."""
    return len(np.unique(known(run.submitted))) > 1


def _kind_of_hold(run: Columns, bound: float) -> Kind | None:
    """Say for what the run held calls back for most of the time lost; None if it did not."""
    lost = _HELD_SHARE * max(run.makespan - bound, TOLERANCE * run.makespan)
    if pauses(run).total > lost:
        return "pauses"
    return "held" if run.held_time > lost else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """The calls that ended, in the order in which they started, and the groups they make.

    A group begins where no earlier call is in flight.
    """

    starts: FloatArray
    ends: FloatArray
    places: IntArray
    firsts: IntArray
    sizes: IntArray

    @classmethod
    def of(cls, run: Columns) -> _Done:
        done = np.flatnonzero(~np.isnan(run.duration))
        places = done[np.argsort(run.started[done], kind="stable")]
        starts, ends = run.started[places], run.finished[places]
        begins_group = np.ones(len(done), np.bool_)
        begins_group[1:] = starts[1:] >= np.maximum.accumulate(ends)[:-1]
        firsts = np.flatnonzero(begins_group)
        sizes = np.diff(np.append(firsts, len(done)))
        return cls(starts=starts, ends=ends, places=places, firsts=firsts, sizes=sizes)

    @property
    def overlap(self) -> float:
        """How long calls overlapped, as a share of how long they could have."""
        total = float(np.sum(self.ends - self.starts))
        possible = total - float(np.max(self.ends - self.starts))
        busy_until = np.concatenate([[-np.inf], np.maximum.accumulate(self.ends)[:-1]])
        covered = np.maximum(0.0, self.ends - np.maximum(self.starts, busy_until)).sum()
        # Of calls that took no time nothing can overlap: no evidence of one at a time.
        return float(total - covered) / possible if possible > 0 else 1.0

    @property
    def idle(self) -> float:
        """Seconds that each slot stood idle until the slowest call of its group was done."""
        slowest = np.maximum.reduceat(self.ends, self.firsts)
        idle = np.repeat(slowest, self.sizes) - self.ends
        return float(idle[: len(idle) - self.sizes[-1]].sum() / self.sizes[0])

    @property
    def are_batches(self) -> bool:
        """Whether the groups have one size, but for the last, and follow the order of submission.

        Only then they were made; slots that all happen to be empty at one moment look different.
        """
        first, last = self.sizes[0], self.sizes[-1]
        if len(self.sizes) < 2 or first < 2 or last > first:
            return False
        most = np.maximum.reduceat(self.places, self.firsts)[:-1]
        least = np.minimum.reduceat(self.places, self.firsts)[1:]
        return bool(np.all(most < least) and np.all(self.sizes[:-1] == first))

    @property
    def were_begun_slowly(self) -> bool:
        """Whether calls were still being begun when the first one ended.

        Where something else limits them, such as a pool, as many as it takes are begun at once, and
        then none until one has ended.
        """
        first_end = self.ends.min()
        begun = self.starts[self.starts < first_end]
        return len(begun) > 2 and bool(begun[-1] - begun[0] > 0.5 * (first_end - begun[0]))


def _kind(run: Columns, done: _Done) -> Kind | None:
    if done.overlap <= _OVERLAP:
        return "one_at_a_time"
    in_batches = done.sizes[0] <= slots(run) and done.are_batches
    return "batches" if in_batches and done.idle > TOLERANCE * run.makespan else None


def _kind_of_idleness(run: Columns, done: _Done) -> Kind:
    if refusals(run):
        return "pauses"
    if peak_in_flight(run) >= slots(run):
        return "idle"
    return "slow_start" if done.were_begun_slowly else "limit_not_reached"
