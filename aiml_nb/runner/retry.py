"""Whether a failed attempt is made again, and after how long a wait.

At most three attempts for failures, with full jitter: a wait is drawn between nothing and a bound
that doubles (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). A 429 says
"too fast", not "broken": it has bounds of its own, waits a second at least, and pauses everybody.
Budgets of the whole run keep a broken server from being asked N times three times.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field

from ..failures import Failure
from .clock import Clock

RETRIED = frozenset({"connect", "no_reply", "408", "500", "502", "503", "504", "529"})
MOST_429S = 8
LONGEST_RETRY_AFTER = 30.0
LONGEST_BACKOFF = 20.0
SHORTEST_PAUSE = 1.0

# What providers say when asking again cannot help: no money, or no quota until much later.
_NO_QUOTA = re.compile(r"quota|free (limit|tier)|out of credits|billing|insufficient", re.I)


@dataclass(slots=True)
class Tries:
    """What one call has been through.

    Parameters
    ----------
    failures, rate_limited
        Attempts that failed, and attempts that were answered by a 429.
    """

    failures: int = 0
    rate_limited: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a failed attempt.

    Parameters
    ----------
    wait
        Seconds until the next attempt; None: there is none.
    remark
        What is added to the error where no attempt follows.
    stops_run
        No call of this run can succeed: nothing more is to be sent.
    pause
        Seconds that all calls wait, not this one alone, whether or not it is tried again.
    """

    wait: float | None
    remark: str = ""
    stops_run: bool = False
    pause: float = 0.0


@dataclass(slots=True)
class Retries:
    """The retry policy of one run, and what is left of its budgets.

    Parameters
    ----------
    n_calls
        How many calls the run has.
    max_attempts
        Attempts per call for failures; 1 makes none again, not even after a 429.
    clock
        Draws the waits.
    """

    n_calls: int
    max_attempts: int
    clock: Clock
    failures_left: int = field(init=False)
    rate_limits_left: int = field(init=False)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.failures_left = max(10, self.n_calls // 10)
        self.rate_limits_left = max(20, self.n_calls)

    @property
    def most_requests(self) -> int:
        """The most requests that the run can send: every call once, and both budgets."""
        if self.max_attempts == 1:
            return self.n_calls
        return self.n_calls + self.failures_left + self.rate_limits_left

    def judge(self, failure: Failure, tries: Tries, *, streamed: bool, left: float) -> Verdict:
        """Decide what follows from `failure`.

        Parameters
        ----------
        tries
            What the call has been through before; is brought up to date.
        streamed
            A first token has been seen: an answer that was begun is not asked for again.
        left
            Seconds until the call's deadline.
        """
        if failure.error_type in {"401", "403"}:
            return Verdict(None, stops_run=True)
        if failure.error_type == "429" and _NO_QUOTA.search(failure.message):
            return Verdict(None, stops_run=True)
        is_last = streamed or self.max_attempts == 1 or failure.should_retry is False
        if failure.error_type == "429":
            return self._judge_429(failure, tries, left, is_last=is_last)
        return Verdict(None) if is_last else self._judge_failure(failure, tries, left)

    def _judge_429(self, failure: Failure, tries: Tries, left: float, *, is_last: bool) -> Verdict:
        tries.rate_limited += 1
        drawn = self.clock.draw(min(LONGEST_BACKOFF, 2.0**tries.rate_limited))
        wait = max(SHORTEST_PAUSE, drawn if failure.retry_after is None else failure.retry_after)
        pause = min(wait, LONGEST_RETRY_AFTER)
        if is_last:
            return Verdict(None, pause=pause)
        if tries.rate_limited > MOST_429S:
            return Verdict(None, f"given up after {MOST_429S} retries", pause=pause)
        with self._lock:
            refusal = _refuse(failure, wait, left, budget=self.rate_limits_left)
            if refusal:
                return Verdict(None, refusal, pause=pause)
            self.rate_limits_left -= 1
        return Verdict(wait, pause=pause)

    def _judge_failure(self, failure: Failure, tries: Tries, left: float) -> Verdict:
        tries.failures += 1
        most = min(self.max_attempts, 2) if failure.error_type == "no_reply" else self.max_attempts
        if failure.error_type not in RETRIED:
            return Verdict(None)
        if tries.failures >= most:
            return Verdict(None, f"given up after {tries.failures} attempts" if most > 1 else "")
        wait = self.clock.draw(min(LONGEST_BACKOFF, 2.0**tries.failures / 2))
        if failure.retry_after is not None:
            wait = failure.retry_after
        with self._lock:
            refusal = _refuse(failure, wait, left, budget=self.failures_left)
            if refusal:
                return Verdict(None, refusal)
            self.failures_left -= 1
        return Verdict(wait)


def _refuse(failure: Failure, wait: float, left: float, *, budget: int) -> str:
    """Say why no attempt follows after `wait` seconds; nothing if one may."""
    if budget <= 0:
        return "the run's budget for retries is used up"
    if failure.retry_after is None and wait > left:
        return "no time is left for another attempt"
    if wait > min(LONGEST_RETRY_AFTER, left):
        return f"come back in {wait:.0f} s"
    return ""
