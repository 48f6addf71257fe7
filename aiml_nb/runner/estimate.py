"""How many tokens a call will use: a guess, until its answer tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Without max_tokens an answer's length is not known: until the first has come, this is assumed.
ASSUMED_OUTPUT_TOKENS = 500
CHARACTERS_PER_TOKEN = 4
PICTURE_TOKENS = 1000  # about what providers count for one of ordinary size


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an attempt is expected to use, in tokens."""

    input_tokens: int
    output_tokens: int

    @property
    def total(self) -> int:
        """Tokens, in and out."""
        return self.input_tokens + self.output_tokens


def estimate_tokens(messages: list[dict[str, Any]], parameters: Mapping[str, Any]) -> Estimate:
    """Guess the tokens of a call: four characters each going in, its most coming out.

    Parameters
    ----------
    parameters
        Those of its request, of which the system message, the tools and the response's format go
        in, too. Without `most_output` in them `ASSUMED_OUTPUT_TOKENS` come out.
    """
    texts = [message.get("content", "") for message in messages]
    # Tools are a list, too, but not of parts of a message.
    texts += [str(parameters.get(name) or "") for name in ("system", "tools", "response_format")]
    overhead = 4 * (len(messages) + bool(parameters.get("system")))
    answers = parameters.get("n")
    return Estimate(
        sum(map(_characters_of, texts)) // CHARACTERS_PER_TOKEN + overhead,
        (most_output(parameters) or ASSUMED_OUTPUT_TOKENS)
        * (answers if isinstance(answers, int) and answers > 0 else 1),
    )


def most_output(parameters: Mapping[str, Any]) -> int | None:
    """Return the most tokens that an answer may have; None if nothing limits it."""
    for given in (parameters.get("extra_body") or {}, parameters):
        most = given.get("max_completion_tokens") or given.get("max_tokens")
        if isinstance(most, int):
            return most
    return None


def check_rate(tokens_per_minute: float, estimate: Estimate, place: str, *, assumed: bool) -> None:
    """Raise ValueError if a call is larger than what may be sent in a whole minute.

    Parameters
    ----------
    place
        Where its prompt stands, for the message.
    assumed
        Nothing limits its answer.
    """
    if estimate.total <= tokens_per_minute:
        return
    out = "assumed for the answer" if assumed else "for the answer by max_tokens"
    advice = "set max_tokens" if assumed else "lower max_tokens"
    if estimate.input_tokens >= tokens_per_minute:
        advice = "send less text"
    raise ValueError(
        f"{place} comes to about {estimate.total:,} tokens ({estimate.input_tokens:,} in and "
        f"{estimate.output_tokens:,} {out}), and tokens_per_minute={tokens_per_minute!r} would "
        f"never let it through. Raise that, or {advice}."
    )


def _characters_of(content: object) -> int:
    """Count the characters of a text, or of the texts among a message's parts.

    What is no text, such as a picture, is counted by its tokens, not by its bytes.
    """
    if not isinstance(content, list):
        return len(str(content))
    texts = [part.get("text") if isinstance(part, dict) else part for part in content]
    return sum(
        len(text) if isinstance(text, str) else PICTURE_TOKENS * CHARACTERS_PER_TOKEN
        for text in texts
    )
