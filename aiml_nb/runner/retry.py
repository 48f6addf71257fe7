"""Whether a failed attempt is made again, and after how long a wait.

At most three attempts for failures, with full jitter: a wait is drawn between nothing and a bound
that doubles (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). A 429 says
"too fast", not "broken": it has bounds of its own, and waits for as long as the server asks, else
between a second and a bound that doubles while nobody is answered. If others are answered meanwhile
it stays at two seconds: to wait longer makes room at a server that has too much to do, and this one
has not. Budgets of the whole run keep a broken server from being asked N times three times.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from ..failures import Failure
from .clock import Clock
from .stopping import stops_run

RETRIED = frozenset({"connect", "no_reply", "408", "500", "502", "503", "504", "529"})
MOST_429S = 8
LONGEST_BACKOFF = 20.0
SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 60.0  # most limits are counted by the minute


@dataclass(slots=True)
class Tries:
    """What one call has been through.

    Parameters
    ----------
    failures, rate_limited
        Attempts that failed, and attempts that were answered by a 429.
    in_row, answered
        Of the latter those since an answer to anybody; how many answers the run had by then.
    """

    failures: int = 0
    rate_limited: int = 0
    in_row: int = 0
    answered: int = 0


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
        Seconds for which the server asks to be left alone: all calls wait, whether or not this one
        is tried again. 0 if it does not ask.
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
    _answered: int = field(init=False, default=0)
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

    def note_answer(self) -> None:
        """Note that a call of the run was answered."""
        self._answered += 1

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
        if stops_run(failure):
            return Verdict(None, stops_run=True)
        is_last = streamed or self.max_attempts == 1 or failure.should_retry is False
        if failure.error_type == "429":
            return self._judge_429(failure, tries, left, is_last=is_last)
        return Verdict(None) if is_last else self._judge_failure(failure, tries, left)

    def draw_pause(self, number: int) -> float:
        """Return the seconds of the `number`-th pause in a row that no server has asked for."""
        return self._draw_patience(number, LONGEST_PAUSE)

    def _draw_patience(self, number: int, longest: float) -> float:
        most = min(longest, 2.0**number)
        return SHORTEST_PAUSE + self.clock.draw(most - SHORTEST_PAUSE)

    def _judge_429(self, failure: Failure, tries: Tries, left: float, *, is_last: bool) -> Verdict:
        tries.rate_limited += 1
        if tries.answered != self._answered:
            tries.in_row, tries.answered = 0, self._answered
        tries.in_row += 1
        pause = _asked(failure)
        wait = pause or self._draw_patience(tries.in_row, LONGEST_BACKOFF)
        if is_last:
            return Verdict(None, pause=pause)
        if tries.rate_limited > MOST_429S:
            return Verdict(None, f"given up after {MOST_429S} retries", pause=pause)
        with self._lock:
            refusal = _refuse(pause, wait, left, budget=self.rate_limits_left)
            if refusal:
                return Verdict(None, refusal, pause=pause)
            self.rate_limits_left -= 1
        return Verdict(wait, pause=pause)

    def _judge_failure(self, failure: Failure, tries: Tries, left: float) -> Verdict:
        tries.failures += 1
        most = min(self.max_attempts, 2) if failure.error_type == "no_reply" else self.max_attempts
        if failure.error_type not in RETRIED:
            return Verdict(None)
        pause = _asked(failure)
        if tries.failures >= most:
            remark = f"given up after {tries.failures} attempts" if most > 1 else ""
            return Verdict(None, remark, pause=pause)
        wait = pause or self.clock.draw(min(LONGEST_BACKOFF, 2.0**tries.failures / 2))
        with self._lock:
            refusal = _refuse(pause, wait, left, budget=self.failures_left)
            if refusal:
                return Verdict(None, refusal, pause=pause)
            self.failures_left -= 1
        return Verdict(wait, pause=pause)


def _asked(failure: Failure) -> float:
    """Return the seconds that the server asks to be left alone, a second at least; 0 for none."""
    return 0.0 if failure.retry_after is None else max(SHORTEST_PAUSE, failure.retry_after)


def _refuse(pause: float, wait: float, left: float, *, budget: int) -> str:
    """Say why no attempt follows after `wait` seconds; nothing if one may."""
    if budget <= 0:
        return "the run's budget for retries is used up"
    if wait > left:
        return f"come back in {wait:.0f} s" if pause else "no time is left for another attempt"
    return ""
