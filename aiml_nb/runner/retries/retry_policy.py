"""Whether a failed attempt is retried, and after which wait: open this to change the rules.

Failures get at most three attempts, with full jitter: a wait is drawn between 0 and a bound that
doubles (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). A 429 says "too
fast", not "broken", so it has bounds of its own: it waits for as long as its Retry-After says, else
between a second and a bound that doubles while most requests are refused. If only some are, the
bound stays at two seconds: longer waits help only a server with too much to do. Failures because
the server is away (`outage`) do not count.

Budgets of the whole run keep a broken server from getting three times N requests. The one for
failures refills: each answer adds a share of a retry, as in the AWS clients' standard mode and in
gRPC (proposal A6, "gRPC Retry Design"). So a server that fails three times in ten gets all the
retries it needs, and one that only fails soon gets no more.
"""

from __future__ import annotations

from ...endpoint.failures import Failure
from ..fatal import stops_run
from ..pacing.clock import Clock
from .retry_budget import RetryBudget
from .tries import Tries, Verdict

RETRIED = frozenset(  # 429 has bounds of its own
    {"connect", "no_reply", "408", "500", "502", "503", "504", "529"}
    | {"520", "521", "522", "523", "524", "530"}  # Cloudflare: the server behind it failed
)
MAX_429S = 8  # retries of a call after 429s
MAX_LOST = 8  # retries of a call after requests that may have reached a server as it went away
MAX_BACKOFF = 20.0  # seconds
MIN_PAUSE = 1.0
MAX_PAUSE = 60.0  # most rate limits count by the minute
# Enough where three attempts in ten fail: calls need 0.3 + 0.3² retries, answers add half a retry.
RETRY_SHARE = 0.5
# Enough that chance alone does not use them up: with 30 % failures once in ten billion runs. The
# budget is larger if more calls are in flight, as all may fail at once.
FIRST_RETRIES = 50


def is_temporary(status: int | None) -> bool:
    """Return True if a retry may get another status than this one."""
    return status is not None and (status == 429 or status >= 500 or str(status) in RETRIED)


class Retries:
    """The retry policy of one run and its budgets; not thread-safe.

    Parameters
    ----------
    n_calls
        The calls of the run.
    max_attempts
        Attempts per call for failures; 1 sends nothing again, not even after a 429. An unanswered
        request is sent again once, or `max_attempts` - 2 times if that is more.
    clock
        Draws the random waits.
    retry_share
        What each answer adds to the budget, which holds `FIRST_RETRIES`, or `in_flight` if more.
    in_flight
        The most calls in flight.
    streams
        Requests have a `stream_options` of ours, which the server may reject: each request in
        flight at that moment is then sent once more.
    retry_invalid
        How often an answer may be asked for again, whatever `max_attempts` says.
    has_workers
        The requests are sent by worker processes, which may end.
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
        retry_invalid: int = 0,
        has_workers: bool = False,
    ) -> None:
        self.n_calls, self.max_attempts, self._clock = n_calls, max_attempts, clock
        # An unanswered request may be billed all the same, so it is repeated less often.
        self._max_unanswered = max(1, max_attempts - 2)
        at_once = min(in_flight, n_calls)
        first = max(FIRST_RETRIES, at_once)
        self._extra_requests = at_once if streams else 0
        self._max_answers = n_calls * (1 + retry_invalid)
        self._failures = RetryBudget(first, retry_share)
        self._outages = RetryBudget(first, retry_share)
        # A worker that ends loses all that it has in flight, and others may end after it.
        self._workers = RetryBudget(MAX_LOST * first if has_workers else 0, retry_share)
        self._rate_limits = RetryBudget(max(20, n_calls), 1.0)

    @property
    def max_requests(self) -> int:
        """The most requests that the run can send: every call once, and all budgets.

        Refused connections do not count: they carry no request.
        """
        n = self._max_answers + self._extra_requests
        if self.max_attempts == 1:
            return n
        calls, answers = self.n_calls, self._max_answers
        failures = min(self._failures.max_taken(answers), (self.max_attempts - 1) * calls)
        lost = min(self._outages.max_taken(answers), MAX_LOST * calls)
        if self._workers.capacity:
            lost = min(lost + self._workers.max_taken(answers), MAX_LOST * calls)
        return n + failures + lost + min(self._rate_limits.max_taken(answers), MAX_429S * calls)

    def note_answer(self) -> None:
        """Note that a call of the run was answered."""
        for budget in (self._failures, self._outages, self._workers, self._rate_limits):
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
            The attempts of the call so far; updated here.
        streamed
            A first token has arrived: an answer that has begun is billed, and not requested again.
        left
            Seconds until the call's deadline.
        is_away
            It failed because the server is away: all calls wait until it is back.
        mostly_refused
            The server refuses most requests.
        """
        if stops_run(failure):
            return Verdict(None, stops_run=True)
        # Neither an outage nor a budget can overrule these two.
        is_last = streamed or failure.should_retry is False
        if is_away and not is_last and self._retries_lost(failure, tries):
            return Verdict(0.0)
        is_last |= self.max_attempts == 1
        if failure.error_type == "worker" and not is_last:
            return Verdict(0.0) if self._retries_lost(failure, tries) else Verdict(None, USED_UP)
        if failure.error_type == "429":
            return self._judge_429(
                failure, tries, left, is_last=is_last, mostly_refused=mostly_refused
            )
        return Verdict(None) if is_last else self._judge_failure(failure, tries, left)

    def draw_pause(self, number: int) -> float:
        """Return the seconds of the `number`-th pause in a row without a Retry-After."""
        return self._draw_wait(number, MAX_PAUSE)

    def _draw_wait(self, number: int, max_wait: float) -> float:
        upper = min(max_wait, 2.0**number)
        return MIN_PAUSE + self._clock.draw(upper - MIN_PAUSE)

    def _retries_lost(self, failure: Failure, tries: Tries) -> bool:
        """Return True if an attempt is retried, at no cost to the call.

        It failed because the server is away, or the worker that sent it has ended.
        """
        by_worker = failure.error_type == "worker"
        if failure.error_type == "connect" or (by_worker and not failure.possibly_billed):
            return True  # nothing was sent
        if self.max_attempts == 1 or tries.lost == MAX_LOST:
            return False
        tries.lost += 1
        return (self._workers if by_worker else self._outages).take()

    def _judge_429(
        self, failure: Failure, tries: Tries, left: float, *, is_last: bool, mostly_refused: bool
    ) -> Verdict:
        tries.rate_limited += 1
        # The bound of the wait starts anew once only some requests are refused.
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
        """Return a retry after `wait` seconds, if the deadline and the budget allow it."""
        if wait > left:
            late = f"come back in {wait:.0f} s" if pause else "no time is left for another attempt"
            return Verdict(None, late, pause=pause)
        if budget.take():
            return Verdict(wait, pause=pause)
        return Verdict(None, end, pause=pause)


USED_UP = "the run's budget for retries is used up"
REFUSED_TOO_OFTEN = "the run's budget for retries after 429s is used up"


def _requested_pause(failure: Failure) -> float:
    """Return the seconds of the Retry-After, at least `MIN_PAUSE`; 0 without one."""
    return 0.0 if failure.retry_after is None else max(MIN_PAUSE, failure.retry_after)
