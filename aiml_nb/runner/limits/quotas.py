"""The quotas of a run together: its caps in all, and its requests and tokens per minute."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...apis import APIS
from ...records import Call
from ..plan import Plan
from .budget import Budget
from .estimate import Estimate, Estimator
from .rates import RateWindow, rate_window
from .usage import Reserved

_NO_TOKENS = Estimate(0, 0)


class Reservation(NamedTuple):
    """What is reserved for one attempt: of the budget, and of its minute's requests and tokens."""

    reserved: Reserved
    request: list[float] | None = None
    tokens: list[float] | None = None


class Quotas:
    """The budget and the rates of one run; a resumed run begins with what it has used.

    Parameters
    ----------
    plan
        The run.
    say
        As for `Budget`.

    Attributes
    ----------
    has_rates
        True if anything is limited per minute.
    """

    def __init__(self, plan: Plan, *, say: Callable[[str, str], None]) -> None:
        options = plan.options
        self._prompts = plan.prompts
        self._budget = Budget(options.caps, say=say)
        self._estimator: Estimator | None = None  # only if a limit counts tokens
        if options.tokens_per_minute or self._budget.counts_tokens:
            self._estimator = Estimator(options.parameters, APIS[options.api])
        self._latest = -1, _NO_TOKENS
        self._requests = self._tokens = None
        if options.requests_per_minute:
            self._requests = rate_window(options.requests_per_minute)
        if options.tokens_per_minute:
            self._tokens = rate_window(options.tokens_per_minute)
        self.has_rates = bool(self._requests or self._tokens)
        made = [call for call in plan.run.calls if call.attempts] if plan.resumes else []
        self._budget.count([(call, self._estimate(call)) for call in made])
        self._count_earlier_attempts(made)

    @property
    def counts_tokens(self) -> bool:
        """True if a cap depends on the usage of attempts."""
        return self._budget.counts_tokens

    @property
    def max_in_flight(self) -> float:
        """How many attempts may be in flight for the caps' sake."""
        return self._budget.max_in_flight

    @property
    def is_spent(self) -> bool:
        """True if ``max_calls`` is used up."""
        return self._budget.is_spent

    def windows(self, *, attempts: float) -> list[tuple[RateWindow, float]]:
        """Return what is limited per minute, each with what a call takes of it.

        Parameters
        ----------
        attempts
            How many requests a call takes.
        """
        found = [] if self._requests is None else [(self._requests, attempts)]
        if self._tokens is not None:
            found.append(
                (self._tokens, attempts * self._tokens.mean(default=self._latest[1].total))
            )
        return found

    def wait(self, call: Call, now: float) -> float:
        """Return the seconds until an attempt of `call` fits into the rates; 0 for now."""
        if not self.has_rates:
            return 0.0
        wait = self._requests.wait(1, now) if self._requests else 0.0
        if self._tokens:
            wait = max(wait, self._tokens.wait(self._estimate(call).total, now))
        return wait

    def reserve(self, call: Call, now: float) -> Reservation | None:
        """Reserve what an attempt may use; None and BudgetError as in `Budget.reserve`."""
        estimate = self._estimate(call)
        reserved = self._budget.reserve(estimate)
        if reserved is None:
            return None
        request = self._requests.take(1, now) if self._requests else None
        tokens = self._tokens.take(estimate.total, now) if self._tokens else None
        return Reservation(reserved, request, tokens)

    def reconcile(
        self, reservation: Reservation, call: Call, *, billed: bool, answered: bool
    ) -> None:
        """Replace the reservation of an attempt by what it used, and when."""
        if self.has_rates and call.attempts:
            for window, taken in (
                (self._requests, reservation.request),
                (self._tokens, reservation.tokens),
            ):
                if window is not None and taken is not None:
                    window.postpone(taken, call.attempts[-1].started)
        if self._estimator is None:
            return
        if self._budget.counts_tokens:
            prompt = self._prompts[call.index]
            self._budget.reconcile(
                reservation.reserved, call, billed=billed, answered=answered, prompt=prompt
            )
        if self._tokens and reservation.tokens:
            used = (call.input_tokens or 0) + (call.output_tokens or 0)
            used = used or (self._estimate(call).total if billed else 0)
            self._tokens.correct(reservation.tokens, used)

    def _estimate(self, call: Call) -> Estimate:
        """Estimate the tokens of an attempt, if a limit counts them."""
        if self._estimator is None:
            return _NO_TOKENS
        index, estimate = self._latest  # `wait` and `reserve` ask for the same call in a row
        if index != call.index:
            estimate = self._estimator.estimate(self._prompts[call.index])
            self._latest = call.index, estimate
        return estimate

    def _count_earlier_attempts(self, calls: list[Call]) -> None:
        """Put the earlier attempts of a resumed run into the windows of its rates."""
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
