"""Decide whether the next attempt is sent now, later or never: all limits of a run together."""

from __future__ import annotations

import math
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from ...errors import BudgetError
from ...messages import argument, message_of
from ...records import Call
from ..pacing.start_pacer import StartPacer
from ..plan import Plan
from ..probe import probe
from ..retries.holdups import PROBE, Holdups
from ..retries.outage import PROBE_TIMEOUT, ProbeResult
from .limiter import FIRST_LIMIT, AdaptiveLimiter
from .permit import Permit, Refusal
from .quotas import Quotas

if TYPE_CHECKING:
    from openai import OpenAI

_POLL_INTERVAL = 1.0  # seconds between two decisions while waiting; refreshes the status text


class Admission:
    """The limiter, the rates, the pauses, the budget and the deadlines of one run.

    Parameters
    ----------
    plan
        The run.
    now
        Returns the seconds since the run's origin.
    holdups
        Pauses and outages, during which nothing is sent.
    say
        As for `Quotas`.
    probe
        Probes the server with the async client: `probe.probe_async`.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        now: Callable[[], float],
        holdups: Holdups,
        say: Callable[[str, str], None],
        probe: Callable[..., Awaitable[ProbeResult]],
    ) -> None:
        self.plan, self.now, self.holdups, self._probe_async = plan, now, holdups, probe
        self.began = 0.0
        self.quotas = Quotas(plan, say=say)
        first = FIRST_LIMIT if plan.options.strategy == "adaptive" else None
        self.limiter = AdaptiveLimiter(plan.options.max_concurrency, first=first)
        self.limiter.set_cap(self.quotas.max_in_flight)
        holdups.on_resume = self.limiter.end_round
        self._start_pacer = StartPacer(now)
        self._is_closed = self._is_for_later = False
        self._budget_error = ""
        self._held_until = 0.0
        self._lock = threading.Lock()

    def admit(self, client: OpenAI, call: Call, sleep: Callable[[float], None]) -> Permit | None:
        """Block the thread until an attempt may be sent; return None if it never may."""
        deadline = self._deadline(call)
        # First a slot, then everything else. A call that must wait for a rate or a pause keeps its
        # slot, as the only one that does: so the earliest call goes next, and only one polls.
        while self.limiter.acquire(timeout=deadline - self.now(), priority=call.index):
            wait, permit = self._decide(call, deadline)
            while wait and self.limiter.may_wait_in_slot(call.index):
                if wait == PROBE:
                    found = probe(client, seconds=self._probe_timeout(deadline))
                    self.holdups.note_probe(self.now(), found)
                else:
                    sleep(min(wait, _POLL_INTERVAL))
                # An earlier call may have queued meanwhile (after a retry): it goes first.
                if not self.limiter.may_wait_in_slot(call.index):
                    break
                wait, permit = self._decide(call, deadline)
            if not wait:
                return permit
            self.limiter.release_unused()
        return None

    async def admit_async(
        self, client: object, call: Call, sleep: Callable[[float], Awaitable[None]]
    ) -> Permit | None:
        """Wait until an attempt may be sent; return None if it never may."""
        deadline = self._deadline(call)
        # Fast path: a free slot is taken without creating a coroutine.
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
                    seconds = self._probe_timeout(deadline)
                    found = await self._probe_async(client, seconds=seconds)
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
        """Note the end of an attempt: correct its reservations and release its slot.

        Parameters
        ----------
        billed, answered
            As for `Budget.reconcile`.
        delays_release
            The slot stays taken until `AdaptiveLimiter.release_delayed`.
        """
        sent, level = permit.admitted, permit.others_in_flight
        if not self.quotas.counts_tokens:
            self.quotas.reconcile(permit.reservation, call, billed=billed, answered=answered)
            self.limiter.release(
                level=level, sent=sent, now=self.now(), status=status, delays_release=delays_release
            )
            return
        # Under the lock, so that a call that found the budget full sees slot and budget change
        # together.
        with self._lock:
            self.quotas.reconcile(permit.reservation, call, billed=billed, answered=answered)
            self.limiter.release(
                level=level, sent=sent, now=self.now(), status=status, delays_release=delays_release
            )
            self.limiter.set_cap(self.quotas.max_in_flight)

    def close(self, *, for_later: bool = False) -> None:
        """Admit no more attempts.

        Parameters
        ----------
        for_later
            A resumed run is to send the calls that are waiting for their next attempt.
        """
        self._is_closed, self._is_for_later = True, self._is_for_later or for_later
        self.limiter.open()  # every waiting call gets through and is refused in `_decide`

    def refusal(self, call: Call) -> Refusal:
        """Return why `call` was not admitted; end the run if its time is over."""
        if self._budget_error:
            return Refusal("blocked_by_budget", self._budget_error)
        now = self.now()
        self._end_run_if_timed_out(now)  # a call that timed out in the queue has not checked it
        if not self.plan.run.stopped:
            return Refusal("deadline", "its time was over before the next attempt")
        message = "not sent: the run was stopped (" + self.plan.run.stopped + ")"
        return Refusal(None, message, self._is_for_later)

    def _deadline(self, call: Call) -> float:
        """Return when the time of the call, or that of the run, is over."""
        options = self.plan.options
        run_ends = self.began + (options.run_timeout or math.inf)
        if call.started is None:
            return run_ends
        return min(run_ends, call.started + options.timeout)

    def _probe_timeout(self, deadline: float) -> float:
        return min(PROBE_TIMEOUT, max(deadline - self.now(), 0.01))

    def _decide(self, call: Call, deadline: float) -> tuple[float, Permit | None]:
        """Return the seconds to wait before deciding again; if 0, a permit, or None for never."""
        with self._lock:
            return self._decide_locked(call, deadline)

    def _decide_locked(self, call: Call, deadline: float) -> tuple[float, Permit | None]:
        now = self.now()
        if self._is_closed or now >= deadline:
            self._end_run_if_timed_out(now)
            self.limiter.release_unused()
            return 0.0, None
        wait = rated = self.quotas.wait(call, now)
        if self.holdups.is_on:
            if reason := self.holdups.find_end(now):
                self._is_for_later = True
                self._end_run(reason)
                self.limiter.release_unused()
                return 0.0, None
            held = self.holdups.wait(now)
            wait = held if held == PROBE else max(wait, held)
            # The pause has ended, and the limit was lowered by what preceded it.
            if not wait and self.limiter.over_limit:
                return _POLL_INTERVAL, None
        if rated or (wait and self.holdups.is_away):  # 429s and their pauses the attempts tell
            self._note_held(now, wait)
        # With max_calls used up there is nothing to wait for: `reserve` raises below.
        if wait and not self.quotas.is_spent:
            return min(wait, deadline - now), None
        return self._make_permit(call, now, deadline)

    def _note_held(self, now: float, wait: float) -> None:
        """Count the time until the next decision as held, once for all calls that wait."""
        until = now + (min(wait, _POLL_INTERVAL) if wait > 0 else _POLL_INTERVAL)
        self.plan.run.held_time += max(0.0, until - max(now, self._held_until))
        self._held_until = max(self._held_until, until)

    def _make_permit(self, call: Call, now: float, deadline: float) -> tuple[float, Permit | None]:
        try:
            reservation = self.quotas.reserve(call, now)
        except BudgetError as error:
            self._budget_error = message_of(error)
            self._end_run("blocked_by_budget: " + self._budget_error)
            self.limiter.release_unused()
            return 0.0, None
        if reservation is None:
            # The budget has room once others have ended: none is let through until `release`.
            self.limiter.set_cap(self.limiter.in_flight - 1)
            return _POLL_INTERVAL, None
        self.holdups.note_sent(self.limiter.limit)
        ends = min(deadline, now + self.plan.options.timeout)
        # Without pauses and rates no call can have to wait in its slot.
        may_wait = self.holdups.is_on or self.quotas.has_rates
        return 0.0, Permit(now, ends, reservation, self.limiter.note_sent(may_wait=may_wait))

    def _end_run_if_timed_out(self, now: float) -> None:
        run_timeout = self.plan.options.run_timeout
        if run_timeout is not None and now >= self.began + run_timeout:
            self._end_run(argument("run_timeout", f"{run_timeout:g} s"))

    def _end_run(self, reason: str) -> None:
        self.plan.run.stopped = self.plan.run.stopped or reason
        self.close()
