"""The usage of an answer, as reported or by its texts, and what to reserve for the next one.

A reported number that is missing, not a number, negative, or below the lower bound of the text is
replaced by an estimate.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, NamedTuple

from ...completion import message_of, plain_text_of, reasoning_of, text_of
from ...records import Call
from .estimate import Estimate, text_of_prompt
from .tokens import are_too_few, count_tokens

if TYPE_CHECKING:
    from ...prompts import Prompt

# Tokens reserved for an answer of unknown length while others are in flight.
DEFAULT_RESERVE = 4096
# Or this many times the longest (or most expensive) answer so far, if that is more.
RESERVE_FACTOR = 2
# An estimate is at least a quarter of a token per byte, and no tokenizer needs more than one.
_MAX_PER_ESTIMATE = 4.0


class Used(NamedTuple):
    """What an answer has used; the cost only if it is reported.

    Parameters
    ----------
    is_reported
        The tokens are those that the server reported.
    """

    input_tokens: int
    output_tokens: int
    cost: float | None
    is_reported: bool

    @property
    def total(self) -> int:
        """Tokens, in and out."""
        return self.input_tokens + self.output_tokens


class Reserved(NamedTuple):
    """What is reserved for one attempt until its usage is known.

    Parameters
    ----------
    estimate
        The estimate of its tokens.
    tokens, cost
        The tokens and the dollars that are reserved.
    """

    estimate: Estimate = Estimate(0, 0)
    tokens: Estimate = Estimate(0, 0)
    cost: float = 0.0


def used_by(call: Call, estimate: Estimate, *, prompt: Prompt | None = None) -> Used:
    """Return the usage of the answer in `call`.

    Parameters
    ----------
    estimate
        The estimate of its tokens.
    prompt
        What was sent, if known.
    """
    input_tokens, output_tokens, is_reported = call.input_tokens, call.output_tokens, True
    if not input_tokens or input_tokens < estimate.input_tokens:  # that is twice the least, or more
        sent = text_of_prompt(prompt) if prompt else ""
        if not input_tokens or are_too_few(input_tokens, sent):
            input_tokens, is_reported = (
                max(estimate.input_tokens, math.ceil(count_tokens(sent))),
                False,
            )
    text = _readable_text(call)
    if output_tokens is None or (text and not output_tokens) or are_too_few(output_tokens, text):
        output_tokens, is_reported = math.ceil(count_tokens(text)), False
    usage = (call.body or {}).get("usage")
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    if isinstance(total, int) and not isinstance(total, bool) and total < 10**12:
        output_tokens = max(
            output_tokens, total - input_tokens
        )  # some leave the thoughts out of the output
    cost = call.cost if call.cost and call.cost > 0 else None
    return Used(input_tokens, output_tokens, cost, is_reported)


def _readable_text(call: Call) -> str:
    """Return all the text of an answer: content, reasoning and tool calls."""
    plain = plain_text_of(call.body)
    if plain is not None:
        return plain
    parts = []
    for message in map(message_of, call.choices):
        parts += [text_of(message), reasoning_of(message)]
        if tools := message.get("tool_calls"):
            parts.append(json.dumps(tools, ensure_ascii=False, default=str))
    return " ".join(filter(None, parts))


class ObservedUsage:
    """Statistics of the answers so far, to reserve enough for the next ones.

    Attributes
    ----------
    known
        The number of attempts whose usage is known.
    largest_cost
        In dollars; None if no answer has reported a cost.
    obeys_max_tokens
        No answer was longer than its ``max_tokens``.
    """

    def __init__(self) -> None:
        self.known = 0
        self.largest_cost: float | None = None
        self.obeys_max_tokens = True
        self._largest_output = 0
        self._max_token_price = 0.0  # dollars per token
        self._max_extra_input, self._max_input_ratio = 0, 1.0

    def note(self, estimate: Estimate, used: Used) -> None:
        """Add an answer to the statistics."""
        self.known += 1
        self._largest_output = max(self._largest_output, used.output_tokens)
        self.obeys_max_tokens &= (
            estimate.is_unlimited or used.output_tokens <= estimate.output_tokens
        )
        guessed = max(estimate.input_tokens, 1)
        self._max_extra_input = max(self._max_extra_input, used.input_tokens - guessed)
        times = min(used.input_tokens / guessed, _MAX_PER_ESTIMATE)
        self._max_input_ratio = max(self._max_input_ratio, times)
        if used.cost is not None:
            self.largest_cost = max(self.largest_cost or 0.0, used.cost)
            self._max_token_price = max(self._max_token_price, used.cost / max(used.total, 1))

    def needed_for(self, estimate: Estimate, *, is_alone: bool) -> Estimate:
        """Return the tokens to reserve for an attempt.

        Parameters
        ----------
        is_alone
            Nothing else is in flight: then as much as the longest answer so far is enough.
        """
        input_tokens, output_tokens = estimate.input_tokens, estimate.output_tokens
        input_tokens += max(
            self._max_extra_input, round(input_tokens * (self._max_input_ratio - 1))
        )
        if estimate.is_unlimited or not self.obeys_max_tokens:
            least = 0 if estimate.is_unlimited else output_tokens
            if not is_alone:
                output_tokens = max(DEFAULT_RESERVE, RESERVE_FACTOR * self._largest_output, least)
            elif self._largest_output:
                output_tokens = max(self._largest_output, least)
        return Estimate(input_tokens, output_tokens, estimate.is_unlimited)

    def cost_of(self, tokens: int, *, is_alone: bool) -> float:
        """Return the dollars to reserve for an attempt that may use so many tokens."""
        largest = self.largest_cost or 0.0
        return (
            largest if is_alone else max(RESERVE_FACTOR * largest, self._max_token_price * tokens)
        )
