"""Whether a failed attempt is made again, and after how long a wait.

At most three attempts for failures, with full jitter: a wait is drawn between nothing and a bound
that doubles (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). A 429 says
"too fast", not "broken": it has bounds of its own, and waits for as long as the server asks, else
between a second and a bound that doubles while most of what is sent is refused. If only some is, it
stays at two seconds: to wait longer makes room at a server that has too much to do, and this one
has not. What fails because the server is away (`outage`) is not a failure of the call.

Budgets of the whole run keep a broken server from being asked N times three times. That for
failures refills: each answer brings back a share of a retry, as in the AWS clients' standard mode
and in gRPC (proposal A6, "gRPC Retry Design"), so that a server that fails three times in ten is
asked as often as it takes, and one that only fails is soon left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...endpoint.failures import Failure
from ..fatal import stops_run
from ..pacing.clock import Clock
from .retry_budget import RetryBudget

RETRIED = frozenset(  # 429 has bounds of its own
    {"connect", "no_reply", "408", "500", "502", "503", "504", "529"}
    | {"520", "521", "522", "523", "524", "530"}  # what Cloudflare says of a server behind it
)
MAX_429S = 8
MAX_LOST = 8
MAX_BACKOFF = 20.0
MIN_PAUSE = 1.0
MAX_PAUSE = 60.0  # most limits are counted by the minute
# With this share a run in which three attempts in ten fail has more retries coming in than it
# needs: 0.3 + 0.3² for a call, against half of one for each of the 97 % that are answered.
RETRY_SHARE = 0.5
# Enough that chance alone does not use it up before the answers bring more: with 30 % failing once
# in ten billion runs. All that is in flight may fail at one moment, too.
FIRST_RETRIES = 50


def is_temporary(status: int | None) -> bool:
    """Say whether the next reply may be another one after this status."""
    return status is not None and (status == 429 or status >= 500 or str(status) in RETRIED)


@dataclass(slots=True)
class Tries:
    """What one call has been through.

    Parameters
    ----------
    failures, rate_limited, lost
        Attempts that failed, attempts that were answered by a 429, and attempts that may have
        reached the server as it went away.
    unanswered
        Of the failures those that were sent and never answered: each is perhaps billed.
    mostly_refused
        Of the 429s those in a row that came when the server refused most of what it was sent.
    """

    failures: int = 0
    rate_limited: int = 0
    lost: int = 0
    unanswered: int = 0
    mostly_refused: int = 0


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


class Retries:
    """The retry policy of one run, and what is left of its budgets; for one thread at a time.

    Parameters
    ----------
    n_calls
        How many calls the run has.
    max_attempts
        Attempts per call for failures; 1 sends nothing again, not even after a 429. What was sent
        and never answered is sent again once, with more than three attempts once more for each.
    clock
        Draws the waits.
    retry_share
        What each answer adds to the retries that are left, of `FIRST_RETRIES` or `in_flight`.
    in_flight
        The most calls at one moment.
    streams
        What a stream is sent unasked may be refused, of all that are in flight then.
    """

    def __init__(
        self,
        n_calls: int,
        max_attempts: int,
        clock: Clock,
        *,
        retry_share: float = RETRY_SHARE,
        in_flight: int = 1,
        streams: bool = False,
    ) -> None:
        self.n_calls, self.max_attempts, self._clock = n_calls, max_attempts, clock
        # Each of those that were never answered is perhaps billed: of three attempts one again.
        self._max_unanswered = max(1, max_attempts - 2)
        at_once = min(in_flight, n_calls)
        first = max(FIRST_RETRIES, at_once)
        self._extra_requests = at_once if streams else 0
        self._failures = RetryBudget(first, retry_share)
        self._outages = RetryBudget(first, retry_share)
        self._rate_limits = RetryBudget(max(20, n_calls), 1.0)

    @property
    def max_requests(self) -> int:
        """The most requests that the run can send: every call once, and all budgets.

        A connection that was refused has carried none.
        """
        n = self.n_calls + self._extra_requests
        if self.max_attempts == 1:
            return n
        calls = self.n_calls
        failures = min(self._failures.max_taken(calls), (self.max_attempts - 1) * calls)
        lost = min(self._outages.max_taken(calls), MAX_LOST * calls)
        return n + failures + lost + min(self._rate_limits.max_taken(calls), MAX_429S * calls)

    def note_answer(self) -> None:
        """Note that a call of the run was answered."""
        for budget in (self._failures, self._outages, self._rate_limits):
            if budget.left < budget.capacity:
                budget.refill()

    def judge(
        self,
        failure: Failure,
        tries: Tries,
        *,
        streamed: bool,
        left: float,
        is_away: bool = False,
        mostly_refused: bool = True,
    ) -> Verdict:
        """Decide what follows from `failure`.

        Parameters
        ----------
        tries
            What the call has been through before; is brought up to date.
        streamed
            A first token has been seen: an answer that was begun is not asked for again.
        left
            Seconds until the call's deadline.
        is_away
            It failed because the server is away: all calls wait until it is back.
        mostly_refused
            The server refuses most of what it is sent.
        """
        if stops_run(failure):
            return Verdict(None, stops_run=True)
        is_last = streamed or failure.should_retry is False
        if is_away and not is_last and self._retries_during_outage(failure, tries):
            return Verdict(0.0)
        is_last |= self.max_attempts == 1
        if failure.error_type == "429":
            return self._judge_429(
                failure, tries, left, is_last=is_last, mostly_refused=mostly_refused
            )
        return Verdict(None) if is_last else self._judge_failure(failure, tries, left)

    def draw_pause(self, number: int) -> float:
        """Return the seconds of the `number`-th pause in a row that no server has asked for."""
        return self._draw_wait(number, MAX_PAUSE)

    def _draw_wait(self, number: int, max_wait: float) -> float:
        upper = min(max_wait, 2.0**number)
        return MIN_PAUSE + self._clock.draw(upper - MIN_PAUSE)

    def _retries_during_outage(self, failure: Failure, tries: Tries) -> bool:
        """Say whether an attempt that found the server away is made again, whatever came before."""
        if failure.error_type == "connect":  # nothing was sent
            return True
        if self.max_attempts == 1 or tries.lost == MAX_LOST:
            return False
        tries.lost += 1
        return self._outages.take()

    def _judge_429(
        self, failure: Failure, tries: Tries, left: float, *, is_last: bool, mostly_refused: bool
    ) -> Verdict:
        tries.rate_limited += 1
        tries.mostly_refused = tries.mostly_refused + 1 if mostly_refused else 1
        pause = _requested_pause(failure)
        wait = pause or self._draw_wait(tries.mostly_refused, MAX_BACKOFF)
        if is_last:
            return Verdict(None, pause=pause)
        if tries.rate_limited > MAX_429S:
            return Verdict(None, f"given up after {MAX_429S} retries", pause=pause)
        return self._retry_if_allowed(
            wait, left, pause=pause, budget=self._rate_limits, end=REFUSED_TOO_OFTEN
        )

    def _judge_failure(self, failure: Failure, tries: Tries, left: float) -> Verdict:
        tries.failures += 1
        tries.unanswered += failure.error_type == "no_reply"
        if failure.error_type not in RETRIED:
            return Verdict(None)
        pause = _requested_pause(failure)
        if tries.failures >= self.max_attempts or tries.unanswered > self._max_unanswered:
            remark = f"given up after {tries.failures} attempts" if tries.failures > 1 else ""
            return Verdict(None, remark, pause=pause)
        wait = pause or self._clock.draw(min(MAX_BACKOFF, 2.0**tries.failures / 2))
        return self._retry_if_allowed(wait, left, pause=pause, budget=self._failures, end=USED_UP)

    def _retry_if_allowed(
        self, wait: float, left: float, *, pause: float, budget: RetryBudget, end: str
    ) -> Verdict:
        """Let an attempt follow after `wait` seconds, if there is time and it is not too many."""
        if wait > left:
            late = f"come back in {wait:.0f} s" if pause else "no time is left for another attempt"
            return Verdict(None, late, pause=pause)
        if budget.take():
            return Verdict(wait, pause=pause)
        return Verdict(None, end, pause=pause)


USED_UP = "the run's budget for retries is used up"
REFUSED_TOO_OFTEN = "the run's budget for retries after 429s is used up"


def _requested_pause(failure: Failure) -> float:
    """Return the seconds that the server asks to be left alone, a second at least; 0 for none."""
    return 0.0 if failure.retry_after is None else max(MIN_PAUSE, failure.retry_after)
