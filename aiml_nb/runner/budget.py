"""What a run may spend: calls, tokens, dollars. Reserved before each attempt, settled after it."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from ..errors import BudgetError
from ..records import Call
from .estimate import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The caps of a run; None caps nothing.

    Parameters
    ----------
    max_calls
        The most requests, retries included.
    max_total_tokens
        The most tokens, in and out.
    max_cost
        The most US dollars.
    prices
        US dollars per million tokens, ``(input, output)``, where the provider reports no cost.
    """

    max_calls: int | None = None
    max_total_tokens: int | None = None
    max_cost: float | None = None
    prices: tuple[float, float] | None = None


class Budget:
    """What a run has spent and reserved.

    Parameters
    ----------
    limits
        The caps.

    Attributes
    ----------
    counts_tokens
        True if a cap depends on how many tokens an attempt uses.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.counts_tokens = limits.max_total_tokens is not None or limits.max_cost is not None
        self._requests = 0
        self._tokens = 0
        self._cost = 0.0
        self._largest_cost: float | None = None
        self._lock = threading.Lock()

    @property
    def is_spent(self) -> bool:
        """True if not one request more may be sent."""
        return self._limits.max_calls is not None and self._requests >= self._limits.max_calls

    @property
    def waits_for_a_price(self) -> bool:
        """True while a cap on cost cannot be kept with several calls in flight."""
        capped = self._limits.max_cost is not None and self._limits.prices is None
        return capped and self._largest_cost is None

    def reserve(self, estimate: Estimate) -> float:
        """Set aside what an attempt is expected to use.

        Returns
        -------
        float
            The dollars set aside, for `settle`.

        Raises
        ------
        BudgetError
            If it does not fit; nothing is set aside then.
        """
        limits, cost = self._limits, self._price(estimate)
        with self._lock:
            if self.is_spent:
                raise BudgetError(f"max_calls={limits.max_calls} is used up")
            most = limits.max_total_tokens
            if most is not None and self._tokens + estimate.total > most:
                raise BudgetError(
                    f"about {estimate.total} tokens more do not fit into max_total_tokens={most}, "
                    f"of which {self._tokens} are spent or reserved"
                )
            if limits.max_cost is not None and self._cost + cost > limits.max_cost:
                raise BudgetError(
                    f"about ${cost:.6f} more do not fit into max_cost={limits.max_cost}, of which "
                    f"${self._cost:.6f} are spent or reserved"
                )
            self._requests += 1
            self._tokens += estimate.total
            self._cost += cost
        return cost

    def count(self, calls: list[tuple[Call, Estimate]]) -> None:
        """Count what these calls have used before this run goes on.

        Parameters
        ----------
        calls
            Each with the estimate of one attempt, which stands for those of which nobody knows
            what they used: lost with the process that made them, or failed after some work.
        """
        costs = [call.cost for call, _ in calls if call.cost is not None]
        self._largest_cost = max(costs, default=None)
        for call, estimate in calls:
            used = Estimate(call.input_tokens or 0, call.output_tokens or 0)
            billed = sum(each.possibly_billed or not each.error_type for each in call.attempts)
            unknown = max(0, billed - 1) if used.total else billed
            self._requests += len(call.attempts)
            self._tokens += used.total + unknown * estimate.total
            self._cost += self._price(used) if call.cost is None else call.cost
            self._cost += unknown * self._price(estimate)

    def settle(self, estimate: Estimate, reserved: float, call: Call, *, billed: bool) -> None:
        """Put what an attempt used in place of what was set aside; a guess where nobody says."""
        if not self.counts_tokens:
            return
        used = Estimate(call.input_tokens or 0, call.output_tokens or 0)
        known = used if any(used) else estimate if billed else used
        with self._lock:
            self._tokens += known.total - estimate.total
            cost = self._price(known) if call.cost is None else call.cost
            if call.cost is not None:
                self._largest_cost = max(self._largest_cost or 0.0, call.cost)
            self._cost += (cost if billed else 0.0) - reserved

    def _price(self, estimate: Estimate) -> float:
        if self._limits.prices is None:
            return self._largest_cost or 0.0
        into, out = self._limits.prices
        return (estimate.input_tokens * into + estimate.output_tokens * out) / 1e6


def check_limits(limits: Limits, *, reports_cost: bool) -> None:
    """Refuse caps that are no caps, or that cannot be kept.

    Raises
    ------
    BudgetError
        If a cap is below the first call, or a cost is capped where nobody tells it.
    TypeError, ValueError
        If a value is of another kind.
    """
    for name in ("max_calls", "max_total_tokens", "max_cost"):
        cap = getattr(limits, name)
        if cap is None:
            continue
        if isinstance(cap, bool) or not isinstance(cap, int if name != "max_cost" else int | float):
            raise TypeError(f"{name} must be a number, or None for no cap; not {cap!r}.")
        if not cap > 0:
            raise BudgetError(f"{name}={cap!r} is below the first call. Leave it out or raise it.")
    _check_prices(limits.prices)
    if limits.max_cost is not None and limits.prices is None and not reports_cost:
        raise BudgetError(
            "max_cost cannot be kept here: this provider does not report what a call cost. Give "
            "its prices too, in dollars per million tokens: prices=(input, output)."
        )


def _check_prices(prices: object) -> None:
    if prices is None:
        return
    two = isinstance(prices, tuple | list) and len(prices) == 2
    numbers = two and all(isinstance(each, int | float) for each in prices)  # type: ignore[attr-defined]
    if not numbers or not all(0 <= each < math.inf for each in prices):  # type: ignore[attr-defined]
        raise ValueError(
            "prices must be two numbers from 0, dollars per million tokens in and out; "
            f"not {prices!r}."
        )


def check_first_call(limits: Limits, estimate: Estimate) -> None:
    """Raise BudgetError if the caps do not allow even the first call."""
    try:
        Budget(limits).reserve(estimate)
    except BudgetError as error:
        raise BudgetError(f"The budget is below the first call: {error}.") from None
