"""`Side`: one side of a race, as it is now or was at a moment."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..analysis.bounds import lower_bound
from ..analysis.counts import count_answered
from ..records import Run
from ..report.wording import is_concurrent
from .moment import as_it_was


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a race.

    Parameters
    ----------
    letter
        ``A`` or ``B``.
    run
        Its run, with the records so far.
    over
        True once the run has ended.
    now
        Seconds since its origin; None reads the clock.
    """

    letter: str
    run: Run
    over: bool = False
    now: float | None = None

    def at(self, moment: float) -> Side:
        """Return this side as it was so many seconds after its origin."""
        if self.over and moment >= self.run.makespan:
            return self
        return Side(self.letter, as_it_was(self.run, moment), now=min(moment, self.elapsed))

    @property
    def elapsed(self) -> float:
        """Seconds since its first call was submitted, until it was over."""
        if self.now is not None:
            return self.now
        if self.over or not self.run.started_at:
            return self.run.makespan
        return max(0.0, time.time() - self.run.started_at)

    @property
    def left(self) -> int:
        """How many of its calls are not finished."""
        return sum(call.finished is None for call in self.run.calls)

    @property
    def answered(self) -> int:
        """How many of its calls are answered."""
        return count_answered(self.run)

    @property
    def bound(self) -> float | None:
        """The lower bound of its makespan, seconds; None before it is over or for one at a time."""
        return lower_bound(self.run) if self.over and is_concurrent(self.run) else None

    @property
    def name(self) -> str:
        """Its title: ``A: sequential, one at a time``."""
        run = self.run
        how = (
            f"at most {run.max_concurrency:,} in flight" if is_concurrent(run) else "one at a time"
        )
        return f"{self.letter}: {run.strategy}, {how}"

    @property
    def score(self) -> str:
        """Its progress: ``7 of 20 answered · 3.4 s``."""
        failed = sum(call.outcome in ("error", "timeout") for call in self.run.calls)
        said = f"{self.answered:,} of {len(self.run.calls):,} answered"
        said += f", {failed:,} failed" if failed else ""
        return f"{said} · {self.elapsed:.1f} s"
