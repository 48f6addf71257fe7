"""The caps of a run on calls, tokens and dollars: reserve before an attempt, reconcile after it.

What is spent and what is reserved never exceed a cap together, so a cap holds if no attempt uses
more than was reserved for it. How much that is: see `usage.ObservedUsage.needed_for`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import BudgetError
from ...messages import argument, message_of
from ...records import INVALID_ANSWER, USAGE, Call
from .caps import (
    MAX_TOKENS_IGNORED,
    NO_COST_REPORTED,
    NO_TOKENS_REPORTED,
    Caps,
    explain_overshoot,
    explain_unknown_cost,
)
from .estimate import Estimate
from .usage import ObservedUsage, Reserved, Used, used_by

if TYPE_CHECKING:
    from ...prompts import Prompt

_MAX_UNPRICED = 3  # possibly billed attempts of unknown cost, after which the run stops


class Budget:
    """What a run has spent and reserved; not thread-safe.

    Parameters
    ----------
    caps
        The caps.
    say
        Shows a notice about the caps: its kind (each is shown once), and its text.

    Attributes
    ----------
    counts_tokens
        True if a cap depends on how many tokens an attempt uses.
    """

    def __init__(
        self, caps: Caps, *, say: Callable[[str, str], None] = lambda kind, text: None
    ) -> None:
        self._caps, self._say = caps, say
        self._is_unpriced = caps.max_cost is not None and caps.prices is None
        self.counts_tokens = caps.max_total_tokens is not None or caps.max_cost is not None
        self._observed = ObservedUsage()
        self._requests = self._in_flight = self._unpriced = 0
        self._tokens = self._reserved_tokens = 0
        self._cost = self._reserved_cost = 0.0
        self._is_unlimited = self._is_cost_unknown = False

    @property
    def is_spent(self) -> bool:
        """True if not one request more may be sent."""
        return self._caps.max_calls is not None and self._requests >= self._caps.max_calls

    @property
    def max_in_flight(self) -> float:
        """How many attempts may be in flight for the caps' sake.

        One until the usage of an attempt is known. Then, if nothing limits what an attempt may
        use, one more for each that is known, so that a surprise comes from few at once.
        """
        known = self._observed.known
        if not self.counts_tokens:
            return math.inf
        if not known or (self._is_unpriced and self._observed.largest_cost is None):
            return 1
        return 1 + known if self._is_unlimited or self._is_unpriced else math.inf

    def reserve(self, estimate: Estimate) -> Reserved | None:
        """Reserve what an attempt may use; return None if it may fit once others have ended.

        Raises
        ------
        BudgetError
            If it does not fit even alone; nothing is reserved then.
        """
        if self.is_spent:
            raise BudgetError(argument("max_calls", self._caps.max_calls) + " is used up")
        if not self.counts_tokens:
            self._requests += 1
            return Reserved()
        if self._is_cost_unknown:
            raise BudgetError(explain_unknown_cost(self._caps))
        # Once one attempt has no limit, fewer may be in flight for the rest of the run.
        self._is_unlimited |= estimate.is_unlimited or not self._observed.obeys_max_tokens
        if self._in_flight >= self.max_in_flight:
            return None
        is_alone = not self._in_flight
        needed = self._observed.needed_for(estimate, is_alone=is_alone)
        cost = self._price(needed, is_alone=is_alone)
        tokens, dollars = self._reserved_tokens, self._reserved_cost
        if self._explain_excess(needed.total + tokens, cost + dollars):
            # Alone it needs a smaller reserve: worth waiting for, if that fits.
            alone = self._observed.needed_for(estimate, is_alone=True)
            if excess := self._explain_excess(alone.total, self._price(alone, is_alone=True)):
                raise BudgetError(excess)
            return None
        self._requests += 1
        self._in_flight += 1
        self._reserved_tokens += needed.total
        self._reserved_cost += cost
        return Reserved(estimate, needed, cost)

    def reconcile(
        self,
        reserved: Reserved,
        call: Call,
        *,
        billed: bool,
        answered: bool,
        prompt: Prompt | None = None,
    ) -> int:
        """Replace the reservation of an attempt by what it used; return its tokens.

        Parameters
        ----------
        billed
            It may have cost something.
        answered
            It has a complete answer.
        prompt
            As in `usage.used_by`.
        """
        if not self.counts_tokens:
            return 0
        self._in_flight -= 1
        self._reserved_tokens -= reserved.tokens.total
        # Reset to exactly 0, against the drift of float sums.
        self._reserved_cost = self._reserved_cost - reserved.cost if self._in_flight else 0.0
        # A failure without usage counts as its reservation, if it may be billed; else as nothing.
        used = used_by(call, reserved.estimate, prompt=prompt)
        if not (answered or (used.is_reported and call.body)):
            self._observed.known += not billed
            return self._count_lost(reserved) if billed else 0
        self._count_answer(reserved.estimate, used)
        return used.total

    def count(self, calls: list[tuple[Call, Estimate]]) -> None:
        """Count what the calls of a resumed run have used before.

        Parameters
        ----------
        calls
            Each with the estimate of one attempt, for those whose usage is unknown: lost with
            the process that made them, or failed after they were sent.
        """
        lost = []
        for call, estimate in calls:
            self._requests += len(call.attempts)
            if not self.counts_tokens:
                continue
            billed = sum(each.possibly_billed or not each.error_type for each in call.attempts)
            if call.invalid_usage is not None:  # answers that were asked for again
                known = [call.invalid_usage.get(name) for name in USAGE]
                self._count_answer(estimate, Used(known[0] or 0, known[1] or 0, known[2], True))
                billed -= sum(each.error_type == INVALID_ANSWER for each in call.attempts)
                billed += call.error_type == INVALID_ANSWER and call.body is not None
            used = used_by(call, estimate)
            if call.body and (used.is_reported or not call.attempts[-1].error_type):
                self._count_answer(estimate, used)
                billed -= 1
            lost += [estimate] * max(billed, 0)
        for estimate in lost:  # last, when the answers have told what an attempt may use
            needed = self._observed.needed_for(estimate, is_alone=True)
            self._count_lost(Reserved(estimate, needed, self._price(needed, is_alone=True)))

    def _count_answer(self, estimate: Estimate, used: Used) -> None:
        self._observed.note(estimate, used)
        if not used.is_reported:
            self._say("tokens", NO_TOKENS_REPORTED)
        if not self._observed.obeys_max_tokens:
            self._say("max_tokens", MAX_TOKENS_IGNORED)
        self._tokens += used.total
        if self._caps.prices is not None:
            known = Estimate(used.input_tokens, used.output_tokens)
            self._cost += max(self._price(known, is_alone=True), used.cost or 0.0)
        elif used.cost is not None:
            # Attempts that were lost before the first cost was known are counted with that cost.
            self._cost += used.cost * (1 + self._unpriced)
            self._unpriced = 0
        elif self._is_unpriced:
            self._count_unpriced(used)
        self._say_overshoot()

    def _count_lost(self, reserved: Reserved) -> int:
        """Count an attempt of unknown usage: as what was reserved for it."""
        self._tokens += reserved.tokens.total
        if self._is_unpriced and self._observed.largest_cost is None:
            self._unpriced += 1
            self._is_cost_unknown = self._unpriced >= _MAX_UNPRICED
        self._cost += reserved.cost
        self._say_overshoot()
        return reserved.tokens.total

    def _count_unpriced(self, used: Used) -> None:
        """Count an answer without a reported cost: as the most expensive one before it."""
        if self._observed.largest_cost is None:
            self._is_cost_unknown = True
            return
        self._say("cost", NO_COST_REPORTED)
        self._cost += self._observed.cost_of(used.total, is_alone=True)

    def _price(self, needed: Estimate, *, is_alone: bool) -> float:
        if self._caps.prices is None:
            return self._observed.cost_of(needed.total, is_alone=is_alone)
        into, out = self._caps.prices
        return (needed.input_tokens * into + needed.output_tokens * out) / 1e6

    def _explain_excess(self, tokens: int, cost: float) -> str:
        """Return the cap that so much more would exceed, as a message; empty if none."""
        caps = self._caps
        most = caps.max_total_tokens
        if most is not None and self._tokens + tokens > most:
            asked, cap = f"{tokens} tokens", argument("max_total_tokens", most)
            spent = f"{self._tokens}"
        elif caps.max_cost is not None and self._cost + cost > caps.max_cost:
            asked, cap = f"${cost:.6f}", argument("max_cost", caps.max_cost)
            spent = f"${self._cost:.6f}"
        else:
            return ""
        fit = f"about {asked} more do not fit into " + cap
        return fit + f", of which {spent} are spent or reserved"

    def _say_overshoot(self) -> None:
        if text := explain_overshoot(self._caps, tokens=self._tokens, cost=self._cost):
            self._say("passed", text)


def check_first_call(caps: Caps, estimate: Estimate) -> None:
    """Raise BudgetError if the caps do not allow even the first call."""
    try:
        Budget(caps).reserve(estimate)
    except BudgetError as error:
        why = message_of(error)
        raise BudgetError("The budget is below the first call: " + why + ".") from None
