"""Whether the next attempt may be sent now, later or never."""

from __future__ import annotations

import math
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from ...errors import BudgetError
from ...records import Call
from ..pacing.start_pacer import StartPacer
from ..plan import Plan
from ..probe import probe, probe_async
from ..retries.holdups import PROBE, Holdups
from ..retries.outage import PROBE_TIMEOUT
from .limiter import FIRST_LIMIT, AdaptiveLimiter
from .quotas import Quotas, Reservation

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

_POLL_INTERVAL = 1.0  # seconds after which whoever waits says again how long that takes


class Permit(NamedTuple):
    """Leave to send one attempt.

    Parameters
    ----------
    admitted, deadline
        Stamps, seconds.
    others_in_flight
        How many other attempts were in flight.
    """

    admitted: float
    deadline: float
    reservation: Reservation
    others_in_flight: int

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
        self.limiter.set_cap(self.quotas.max_in_flight)
        holdups.on_resume = self.limiter.end_round
        self._start_pacer = StartPacer(now)
        self._is_closed = self._gave_up_on_outage = False
        self._budget_error = ""
        self._lock = threading.Lock()

    def admit(self, client: OpenAI, call: Call, sleep: Callable[[float], None]) -> Permit | None:
        """Wait, blocking the thread, until an attempt may be sent; None: it never may."""
        deadline = self._deadline(call)
        while self.limiter.acquire(timeout=deadline - self.now(), priority=call.index):
            wait, permit = self._decide(call, deadline)
            while wait and self.limiter.may_wait_in_slot(call.index):
                if wait == PROBE:
                    found = probe(client, seconds=self._probe_timeout(deadline))
                    self.holdups.note_probe(self.now(), found)
                else:
                    sleep(min(wait, _POLL_INTERVAL))
                if not self.limiter.may_wait_in_slot(call.index):  # one with a lower place has come
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
            if not self._start_pacer.try_start():
                try:
                    await self._start_pacer.wait()
                except BaseException:
                    self.limiter.release_unused()
                    raise
            wait, permit = self._decide(call, deadline)
            while wait and self.limiter.may_wait_in_slot(call.index):
                if wait == PROBE:
                    found = await probe_async(client, seconds=self._probe_timeout(deadline))
                    self.holdups.note_probe(self.now(), found)
                else:
                    await sleep(min(wait, _POLL_INTERVAL))
                if not self.limiter.may_wait_in_slot(call.index):
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
        delays_release: bool = False,
    ) -> None:
        """Note how an attempt ended: its reservations are settled, its slot is free.

        Parameters
        ----------
        billed, answered
            As for `Budget.reconcile`.
        delays_release
            It keeps its slot for a while, until `AdaptiveLimiter.release_unused`.
        """
        sent, level = permit.admitted, permit.others_in_flight
        if not self.quotas.counts_tokens:
            self.quotas.reconcile(permit.reservation, call, billed=billed, answered=answered)
            self.limiter.release(
                level=level, sent=sent, now=self.now(), status=status, delays_release=delays_release
            )
            return
        with self._lock:  # who finds no room in the budget waits for this
            self.quotas.reconcile(permit.reservation, call, billed=billed, answered=answered)
            self.limiter.release(
                level=level, sent=sent, now=self.now(), status=status, delays_release=delays_release
            )
            self.limiter.set_cap(self.quotas.max_in_flight)

    def close(self) -> None:
        """Admit nobody any more."""
        self._is_closed = True
        self.limiter.open()

    def refusal(self, call: Call) -> Refusal:
        """Say why `call` was not admitted; if the run's time is over, the run ends here."""
        if self._budget_error:
            return Refusal("blocked_by_budget", self._budget_error)
        now = self.now()
        self._end_run_if_timed_out(now)  # who waits for a slot until then has not asked before
        if not self.plan.run.stopped:
            return Refusal("deadline", "its time was over before the next attempt")
        message = f"not sent: the run was stopped ({self.plan.run.stopped})"
        return Refusal(None, message, self._gave_up_on_outage)

    def _deadline(self, call: Call) -> float:
        """Return the stamp at which the call's, or the run's, time is over."""
        options = self.plan.options
        run_ends = self.began + (options.run_timeout or math.inf)
        if call.started is None:
            return run_ends
        return min(run_ends, call.started + options.timeout)

    def _probe_timeout(self, deadline: float) -> float:
        return min(PROBE_TIMEOUT, max(deadline - self.now(), 0.01))

    def _decide(self, call: Call, deadline: float) -> tuple[float, Permit | None]:
        """Return the seconds to wait before asking again; if none, a permit or a refusal."""
        with self._lock:
            return self._decide_locked(call, deadline)

    def _decide_locked(self, call: Call, deadline: float) -> tuple[float, Permit | None]:
        now = self.now()
        if self._is_closed or now >= deadline:
            self._end_run_if_timed_out(now)
            self.limiter.release_unused()
            return 0.0, None
        wait = self.quotas.wait(call, now)
        if self.holdups.is_on:
            if reason := self.holdups.find_end(now):
                self._gave_up_on_outage = True
                self._end_run(reason)
                self.limiter.release_unused()
                return 0.0, None
            held = self.holdups.wait(now)
            wait = held if held == PROBE else max(wait, held)
            if not wait and self.limiter.over_limit:  # the limit was lowered while all waited
                return _POLL_INTERVAL, None
        if wait and not self.quotas.is_spent:
            return min(wait, deadline - now), None
        return self._make_permit(call, now, deadline)

    def _make_permit(self, call: Call, now: float, deadline: float) -> tuple[float, Permit | None]:
        try:
            reservation = self.quotas.reserve(call, now)
        except BudgetError as error:
            self._budget_error = str(error)
            self._end_run(f"blocked_by_budget: {error}")
            self.limiter.release_unused()
            return 0.0, None
        if reservation is None:
            self.limiter.set_cap(self.limiter.in_flight - 1)  # until another one has ended
            return _POLL_INTERVAL, None
        self.holdups.note_sent(self.limiter.limit)
        ends = min(deadline, now + self.plan.options.timeout)
        may_wait = self.holdups.is_on or self.quotas.has_rates
        return 0.0, Permit(now, ends, reservation, self.limiter.note_sent(may_wait=may_wait))

    def _end_run_if_timed_out(self, now: float) -> None:
        run_timeout = self.plan.options.run_timeout
        if run_timeout is not None and now >= self.began + run_timeout:
            self._end_run(f"run_timeout={run_timeout:g} s")

    def _end_run(self, reason: str) -> None:
        self.plan.run.stopped = self.plan.run.stopped or reason
        self.close()
