"""Whether the next attempt may be sent now, later or never."""

from __future__ import annotations

import math
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from ...errors import BudgetError
from ...records import Call
from ..look import look, look_async
from ..pacing.start_pacer import StartPacer
from ..plan import Plan
from ..retries.holdups import LOOK, Holdups
from ..retries.outage import LOOK_TIME
from .limiter import FIRST_LIMIT, AdaptiveLimiter
from .quotas import Quotas, Share

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

_NAP = 1.0  # seconds after which whoever waits says again how long that takes


class Permit(NamedTuple):
    """Leave to send one attempt.

    Parameters
    ----------
    admitted, deadline
        Stamps, seconds.
    level
        How many other attempts were in flight.
    """

    admitted: float
    deadline: float
    share: Share
    level: int

    @property
    def left(self) -> float:
        """Seconds that the attempt may take."""
        return self.deadline - self.admitted


class Refusal(NamedTuple):
    """Why nothing more is sent for a call, and whether a run that goes on is to send it again."""

    error_type: str | None
    message: str
    is_for_later: bool = False


class Admission:
    """The limiter, the rates, the pauses, the budget and the deadlines of one run.

    Parameters
    ----------
    plan
        The run.
    now
        Tells the seconds since the run's origin.
    holdups
        What may keep all calls from being sent.
    say
        As for `Quotas`.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        now: Callable[[], float],
        holdups: Holdups,
        say: Callable[[str, str], None],
    ) -> None:
        self.plan, self.now, self.holdups = plan, now, holdups
        self.began = 0.0
        self.quotas = Quotas(plan, say=say)
        first = FIRST_LIMIT if plan.options.strategy == "adaptive" else None
        self.limiter = AdaptiveLimiter(plan.options.max_concurrency, first=first)
        self.limiter.allow(self.quotas.most_in_flight)
        holdups.on_resume = self.limiter.review
        self._ramp = StartPacer(now)
        self._is_closed = self._is_given_up = False
        self._blocked = ""
        self._lock = threading.Lock()

    def admit(self, client: OpenAI, call: Call, sleep: Callable[[float], None]) -> Permit | None:
        """Wait, blocking the thread, until an attempt may be sent; None: it never may."""
        deadline = self._deadline(call)
        while self.limiter.acquire(timeout=deadline - self.now(), priority=call.index):
            wait, permit = self._decide(call, deadline)
            while wait and self.limiter.may_wait_inside(call.index):
                if wait == LOOK:
                    found = look(client, seconds=self._look_time(deadline))
                    self.holdups.note_look(self.now(), found)
                else:
                    sleep(min(wait, _NAP))
                if not self.limiter.may_wait_inside(call.index):  # one with a lower place has come
                    break
                wait, permit = self._decide(call, deadline)
            if not wait:
                return permit
            self.limiter.release_unused()
        return None

    async def admit_async(
        self, client: AsyncOpenAI, call: Call, sleep: Callable[[float], Awaitable[None]]
    ) -> Permit | None:
        """Wait until an attempt may be sent; None: it never may."""
        deadline = self._deadline(call)
        # What is free at once costs no coroutine.
        while self.limiter.acquire_nowait() or await self.limiter.acquire_async(
            timeout=deadline - self.now(), priority=call.index
        ):
            if not self._ramp.try_start():
                try:
                    await self._ramp.wait()
                except BaseException:
                    self.limiter.release_unused()
                    raise
            wait, permit = self._decide(call, deadline)
            while wait and self.limiter.may_wait_inside(call.index):
                if wait == LOOK:
                    found = await look_async(client, seconds=self._look_time(deadline))
                    self.holdups.note_look(self.now(), found)
                else:
                    await sleep(min(wait, _NAP))
                if not self.limiter.may_wait_inside(call.index):
                    break
                wait, permit = self._decide(call, deadline)
            if not wait:
                return permit
            self.limiter.release_unused()
        return None

    def release(
        self,
        permit: Permit,
        call: Call,
        *,
        status: int | None,
        billed: bool,
        answered: bool = False,
        stays: bool = False,
    ) -> None:
        """Note how an attempt ended: its reservations are settled, its slot is free.

        Parameters
        ----------
        billed, answered
            As for `Budget.settle`.
        stays
            It keeps its slot for a while, until `AdaptiveLimiter.release_unused`.
        """
        sent, level = permit.admitted, permit.level
        if not self.quotas.are_counted:
            self.quotas.settle(permit.share, call, billed=billed, answered=answered)
            self.limiter.release(level=level, sent=sent, now=self.now(), status=status, stays=stays)
            return
        with self._lock:  # who finds no room in the budget waits for this
            self.quotas.settle(permit.share, call, billed=billed, answered=answered)
            self.limiter.release(level=level, sent=sent, now=self.now(), status=status, stays=stays)
            self.limiter.allow(self.quotas.most_in_flight)

    def close(self) -> None:
        """Admit nobody any more."""
        self._is_closed = True
        self.limiter.open()

    def refusal(self, call: Call) -> Refusal:
        """Say why `call` was not admitted; if the run's time is over, the run ends here."""
        if self._blocked:
            return Refusal("blocked_by_budget", self._blocked)
        now = self.now()
        self._end_run_that_is_over(now)  # who waits for a slot until then has not asked before
        if not self.plan.run.stopped:
            return Refusal("deadline", "its time was over before the next attempt")
        message = f"not sent: the run was stopped ({self.plan.run.stopped})"
        return Refusal(None, message, self._is_given_up)

    def _deadline(self, call: Call) -> float:
        """Return the stamp at which the call's, or the run's, time is over."""
        options = self.plan.options
        run_ends = self.began + (options.run_timeout or math.inf)
        if call.started is None:
            return run_ends
        return min(run_ends, call.started + options.timeout)

    def _look_time(self, deadline: float) -> float:
        return min(LOOK_TIME, max(deadline - self.now(), 0.01))

    def _decide(self, call: Call, deadline: float) -> tuple[float, Permit | None]:
        """Return the seconds to wait before asking again; if none, a permit or a refusal."""
        with self._lock:
            return self._decide_alone(call, deadline)

    def _decide_alone(self, call: Call, deadline: float) -> tuple[float, Permit | None]:
        now = self.now()
        if self._is_closed or now >= deadline:
            self._end_run_that_is_over(now)
            self.limiter.release_unused()
            return 0.0, None
        wait = self.quotas.wait(call, now)
        if self.holdups.is_on:
            if why := self.holdups.find_end(now):
                self._is_given_up = True
                self._end_run(why)
                self.limiter.release_unused()
                return 0.0, None
            held = self.holdups.wait(now)
            wait = held if held == LOOK else max(wait, held)
            if not wait and self.limiter.over_limit:  # the limit was lowered while all waited
                return _NAP, None
        if wait and not self.quotas.are_spent:
            return min(wait, deadline - now), None
        return self._make_ticket(call, now, deadline)

    def _make_ticket(self, call: Call, now: float, deadline: float) -> tuple[float, Permit | None]:
        try:
            share = self.quotas.reserve(call, now)
        except BudgetError as error:
            self._blocked = str(error)
            self._end_run(f"blocked_by_budget: {error}")
            self.limiter.release_unused()
            return 0.0, None
        if share is None:
            self.limiter.allow(self.limiter.in_flight - 1)  # until another one has ended
            return _NAP, None
        self.holdups.note_sent(self.limiter.limit)
        ends = min(deadline, now + self.plan.options.timeout)
        may_wait = self.holdups.is_on or self.quotas.are_rates
        return 0.0, Permit(now, ends, share, self.limiter.note_sent(may_wait=may_wait))

    def _end_run_that_is_over(self, now: float) -> None:
        run_timeout = self.plan.options.run_timeout
        if run_timeout is not None and now >= self.began + run_timeout:
            self._end_run(f"run_timeout={run_timeout:g} s")

    def _end_run(self, why: str) -> None:
        self.plan.run.stopped = self.plan.run.stopped or why
        self.close()
