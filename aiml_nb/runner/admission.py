"""Whether the next attempt may be sent now, later or never."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from ..errors import BudgetError
from ..records import Call
from .budget import Budget
from .estimate import Estimate, Estimator
from .limits import FIRST_LIMIT, Gate, RateWindow
from .pauses import Pauses, Refusals
from .plan import Plan
from .progress import Status
from .ramp import Ramp

_NOTHING = Estimate(0, 0)
_NAP = 1.0  # seconds after which whoever waits at the door says again how long that takes


class Ticket(NamedTuple):
    """Leave to send one attempt.

    Parameters
    ----------
    admitted, deadline
        Stamps, seconds.
    """

    admitted: float
    deadline: float
    estimate: Estimate
    reserved_cost: float
    reserved_tokens: list[float] | None

    @property
    def left(self) -> float:
        """Seconds that the attempt may take."""
        return self.deadline - self.admitted


class Refusal(NamedTuple):
    """Why nothing more is sent for a call."""

    error_type: str | None
    message: str


@dataclass(slots=True)
class Admission:
    """The gate, the rates, the pauses, the budget and the deadlines of one run.

    Parameters
    ----------
    plan
        The run.
    now
        Tells the seconds since the run's origin.
    status
        Is told what all calls wait for.
    """

    plan: Plan
    now: Callable[[], float]
    status: Status = field(default_factory=Status)
    gate: Gate = field(init=False)
    began: float = field(init=False, default=0.0)
    _ramp: Ramp = field(init=False)
    _budget: Budget = field(init=False)
    _estimator: Estimator | None = field(init=False, default=None)  # if something counts tokens
    _requests: RateWindow | None = field(init=False, default=None)
    _tokens: RateWindow | None = field(init=False, default=None)
    _pauses: Pauses = field(init=False, default_factory=Pauses)
    _refusals: Refusals = field(init=False)
    _is_closed: bool = field(init=False, default=False)
    _blocked: str = field(init=False, default="")
    # One decides, and sleeps, at a time: the others keep their places behind it.
    _door: threading.Lock = field(init=False, default_factory=threading.Lock)
    _async_door: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _at_door: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        settings = self.plan.settings
        self._ramp = Ramp(self.now)
        self._budget = Budget(settings.limits)
        self._refusals = Refusals(settings.max_concurrency)
        if settings.tokens_per_minute or self._budget.counts_tokens:
            self._estimator = Estimator(settings.parameters)
        made = [call for call in self.plan.run.calls if call.attempts]  # by a run that goes on
        self._budget.count([(call, self._estimate(call)) for call in made])
        first = FIRST_LIMIT if settings.strategy == "adaptive" else None
        if self._budget.waits_for_a_price:
            first = 1
        self.gate = Gate(settings.max_concurrency, first=first)
        if settings.requests_per_minute:
            self._requests = RateWindow(settings.requests_per_minute)
        if settings.tokens_per_minute:
            self._tokens = RateWindow(settings.tokens_per_minute)
        self._count_what_was_sent(made)

    def admit(self, call: Call, sleep: Callable[[float], None]) -> Ticket | None:
        """Wait, blocking the thread, until an attempt may be sent; None: it never may."""
        deadline = self._deadline(call)
        while self.gate.enter(patience=deadline - self.now(), place=call.index):
            left = deadline - self.now()
            if not self._door.acquire(timeout=-1 if math.isinf(left) else max(left, 0)):
                break
            try:
                wait, ticket = self._decide(call, deadline)
                while wait and not self.gate.is_overfull:
                    sleep(min(wait, _NAP))
                    wait, ticket = self._decide(call, deadline)
            finally:
                self._door.release()
            if not wait:
                return ticket
            self.gate.step_back()
        else:
            return None
        self.gate.step_back()
        return None

    async def admit_async(
        self, call: Call, sleep: Callable[[float], Awaitable[None]]
    ) -> Ticket | None:
        """Wait until an attempt may be sent; None: it never may."""
        deadline = self._deadline(call)
        # What is free at once costs no coroutine.
        while self.gate.enter_at_once() or await self.gate.enter_async(
            patience=deadline - self.now(), place=call.index
        ):
            if not self._ramp.go_on():
                try:
                    await self._ramp.wait()
                except BaseException:
                    self.gate.step_back()
                    raise
            # If nobody waits at the door, nobody is overtaken by going straight through.
            wait, ticket = (math.inf, None) if self._at_door else self._decide(call, deadline)
            if wait:
                self._at_door += 1
                try:
                    wait, ticket = await self._decide_at_door(call, deadline, sleep)
                finally:
                    self._at_door -= 1
            if not wait:
                return ticket
            self.gate.step_back()
        return None

    async def _decide_at_door(
        self, call: Call, deadline: float, sleep: Callable[[float], Awaitable[None]]
    ) -> tuple[float, Ticket | None]:
        """Wait behind the others and decide as `_decide`; a wait is left if the limit shrank."""
        left = deadline - self.now()
        try:
            async with asyncio.timeout(None if math.isinf(left) else left):
                await self._async_door.acquire()
        except BaseException as error:
            self.gate.step_back()
            if isinstance(error, TimeoutError):
                return 0.0, None
            raise
        try:
            wait, ticket = self._decide(call, deadline)
            while wait and not self.gate.is_overfull:
                await sleep(min(wait, _NAP))
                wait, ticket = self._decide(call, deadline)
        finally:
            self._async_door.release()
        return wait, ticket

    def leave(self, ticket: Ticket, call: Call, *, status: int | None, billed: bool) -> None:
        """Note how an attempt ended: its slot is free, its reservations are settled."""
        self._budget.settle(ticket.estimate, ticket.reserved_cost, call, billed=billed)
        if self._tokens and ticket.reserved_tokens:
            used = (call.input_tokens or 0) + (call.output_tokens or 0)
            used = used or (ticket.estimate.total if billed else 0)
            self._tokens.correct(ticket.reserved_tokens, used)
        if status == 200 and self._pauses.bursts and ticket.admitted >= self._pauses.ends:
            self._pauses.bursts = 0
        self.gate.leave(sent=ticket.admitted, now=self.now(), status=status)

    def pause(self, seconds: float) -> None:
        """Let nobody send for `seconds`, because the server asks for it."""
        self._pauses.begin(self.now(), seconds, asked_for=True)

    def note_refusal(self, ticket: Ticket, draw_pause: Callable[[int], float]) -> bool:
        """Note a 429 that names no time; if it is one of many, nobody sends for a while.

        Parameters
        ----------
        draw_pause
            Returns the seconds of the pause; is given how many such have come in a row.

        Returns
        -------
        bool
            True if all wait, and not the call alone that was refused.
        """
        pauses, now = self._pauses, self.now()
        if ticket.admitted < pauses.began:  # it was on its way
            return now < pauses.ends
        self._refusals.note()
        # After a pause the first that are refused are enough.
        if not self._refusals.is_burst(*([1] if pauses.bursts else [])):
            return False
        pauses.bursts += 1
        pauses.begin(now, draw_pause(pauses.bursts), asked_for=False)
        self._refusals.begin_again()
        return True

    def close(self) -> None:
        """Admit nobody any more."""
        self._is_closed = True
        self.gate.open()

    def refusal(self, call: Call) -> Refusal:
        """Say why `call` was not admitted; if the run's time is over, the run ends here."""
        if self._blocked:
            return Refusal("blocked_by_budget", self._blocked)
        now = self.now()
        self._end_run_that_is_over(now)  # who waits for a slot until then has not asked before
        if now >= self._deadline(call) and not self.plan.run.stopped:
            return Refusal("deadline", "its time was over before the next attempt")
        return Refusal(None, f"not sent: the run was stopped ({self.plan.run.stopped})")

    def _deadline(self, call: Call) -> float:
        """Return the stamp at which the call's, or the run's, time is over."""
        settings = self.plan.settings
        run_ends = self.began + (settings.run_timeout or math.inf)
        if call.started is None:
            return run_ends
        return min(run_ends, call.started + settings.timeout)

    def _decide(self, call: Call, deadline: float) -> tuple[float, Ticket | None]:
        """Return the seconds to wait before asking again; if none, a ticket or a refusal."""
        now = self.now()
        if self._is_closed or now >= deadline:
            self._end_run_that_is_over(now)
            self.gate.step_back()
            return 0.0, None
        estimate = self._estimate(call)
        wait = self._wait_for_pause(now) if self._pauses.is_on else 0.0
        if self._requests:
            wait = max(wait, self._requests.wait(1, now))
        if self._tokens:
            wait = max(wait, self._tokens.wait(estimate.total, now))
        if wait > 0 and not self._budget.is_spent:
            return min(wait, deadline - now), None
        return 0.0, self._make_ticket(call, estimate, now, deadline)

    def _wait_for_pause(self, now: float) -> float:
        """Return the seconds that the pause still takes, and say so."""
        wait = self._pauses.wait(now)
        self.status.set(self._pauses.describe(now))
        return wait

    def _estimate(self, call: Call) -> Estimate:
        """Guess the tokens of an attempt, where something counts them."""
        if self._estimator is None:
            return _NOTHING
        return self._estimator.estimate(self.plan.prompts[call.index])

    def _count_what_was_sent(self, calls: list[Call]) -> None:
        """Put the attempts of a run that goes on into the windows of its rates."""
        sent = sorted(
            ((attempt.started, call) for call in calls for attempt in call.attempts),
            key=lambda pair: pair[0],
        )
        for at, call in sent:
            used = (call.input_tokens or 0) + (call.output_tokens or 0)
            if self._requests:
                self._requests.take(1, at)
            if self._tokens:
                self._tokens.take(used or self._estimate(call).total, at)

    def _make_ticket(
        self, call: Call, estimate: Estimate, now: float, deadline: float
    ) -> Ticket | None:
        try:
            cost = self._budget.reserve(estimate)
        except BudgetError as error:
            self._blocked = str(error)
            self.plan.run.stopped = self.plan.run.stopped or f"blocked_by_budget: {error}"
            self.close()
            self.gate.step_back()
            return None
        self._refusals.sent += 1
        if self._pauses.is_on:
            self._pauses.take(self.gate.limit)
        if self._requests:
            self._requests.take(1, now)
        tokens = self._tokens.take(estimate.total, now) if self._tokens else None
        ends = min(deadline, now + self.plan.settings.timeout)
        return Ticket(now, ends, estimate, cost, tokens)

    def _end_run_that_is_over(self, now: float) -> None:
        run_timeout = self.plan.settings.run_timeout
        if run_timeout is not None and now >= self.began + run_timeout:
            self.plan.run.stopped = self.plan.run.stopped or f"run_timeout={run_timeout:g} s"
            self.close()
