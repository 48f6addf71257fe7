"""`Side`: the state of one side of a race."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from ..analysis.bounds import lower_bound
from ..analysis.counts import count_answered
from ..records import Call, Run
from ..report.wording import is_concurrent


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
    """

    letter: str
    run: Run
    over: bool = False

    @property
    def elapsed(self) -> float:
        """Seconds since its first call was submitted, until it was over."""
        if self.over or not self.run.started_at:
            return self.run.makespan
        return max(0.0, time.time() - self.run.started_at)

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
        answered = count_answered(self.run)
        failed = sum(call.outcome in ("error", "timeout") for call in self.run.calls)
        said = f"{answered:,} of {len(self.run.calls):,} answered"
        said += f", {failed:,} failed" if failed else ""
        return f"{said} · {self.elapsed:.1f} s"


def as_of(run: Run, now: float) -> Run:
    """Return a copy of a run in which the unfinished calls end now, to draw it.

    Parameters
    ----------
    run
        A run in progress.
    now
        Seconds since its origin.
    """
    return replace(run, calls=[_as_of(call, now, streamed=run.stream) for call in run.calls])


def _as_of(call: Call, now: float, *, streamed: bool) -> Call:
    if call.finished is not None or call.submitted is None:
        return call
    started = now if call.started is None else call.started
    end = max(now, started)
    first = end if streamed and call.first_token is None else call.first_token
    return replace(call, started=started, first_token=first, finished=end, outcome="ok")
