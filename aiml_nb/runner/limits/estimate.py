"""Estimate the tokens of a call before it is sent, for rates and caps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ...apis import APIS, CHAT, Api
from ...messages import argument
from .tokens import guess_tokens

if TYPE_CHECKING:
    from ...prompts import Prompt
    from ..options import RunOptions

# The assumed length of an answer without max_tokens, until real ones are known.
ASSUMED_OUTPUT_TOKENS = 500
# The parameters that limit an answer's tokens; the first that is given counts.
OUTPUT_LIMITS = ("max_completion_tokens", "max_output_tokens", "max_tokens")
_PER_MESSAGE = 4  # tokens that chat templates add to each message
PICTURE_TOKENS = 1000  # about what providers charge for a picture of ordinary size


class Estimate(NamedTuple):
    """What an attempt is expected to use, in tokens.

    Parameters
    ----------
    is_unlimited
        The output has no limit: see `max_output`.
    """

    input_tokens: int
    output_tokens: int
    is_unlimited: bool = False

    @property
    def total(self) -> int:
        """Tokens, in and out."""
        return self.input_tokens + self.output_tokens


class Estimator:
    """Estimates the tokens of a run's calls: the input by its text, the output by its limit.

    Parameters
    ----------
    parameters
        Of every call. The system message, the tools and the response format count as input;
        without a `max_output` the output is assumed to be `ASSUMED_OUTPUT_TOKENS`.
    api
        What they call.
    """

    def __init__(self, parameters: dict[str, Any], api: Api = CHAT) -> None:
        self._parameters, self._api = parameters, api
        self._overhead = _estimate_overhead(parameters, api)

    def estimate(self, prompt: Prompt) -> Estimate:
        """Estimate the tokens of one call."""
        own = prompt.parameters
        overhead = _estimate_overhead(self._parameters | own, self._api) if own else self._overhead
        input_tokens = overhead.input_tokens + sum(map(_tokens_of_message, prompt.messages))
        if not self._api.has_conversations:
            input_tokens -= _PER_MESSAGE  # there are no messages in its requests
        return overhead._replace(input_tokens=int(input_tokens))


def text_of_prompt(prompt: Prompt) -> str:
    """Return all the text of a prompt."""
    contents = (message.get("content", "") for message in prompt.messages)
    return " ".join(text for content in contents for text in _texts_of(content))


def _estimate_overhead(parameters: Mapping[str, Any], api: Api) -> Estimate:
    """Estimate the input tokens besides the messages, and the output tokens."""
    # As plain text: tools are a list, too, but not one of message parts.
    texts = [str(parameters.get(name) or "") for name in ("system", "tools", "response_format")]
    input_tokens = sum(map(guess_tokens, texts)) + (_PER_MESSAGE if texts[0] else 0)
    answers = parameters.get("n")
    answers = answers if isinstance(answers, int) and answers > 0 else 1
    if api.output_tokens == 0:
        return Estimate(round(input_tokens), 0)
    most = max_output(parameters)
    output_tokens = most or api.output_tokens or ASSUMED_OUTPUT_TOKENS
    return Estimate(round(input_tokens), output_tokens * answers, most is None)


def max_output(parameters: Mapping[str, Any]) -> int | None:
    """Return the limit of an answer's tokens; None if there is none."""
    # `extra_body` first: it overrides the parameters in the request.
    for given in (parameters.get("extra_body") or {}, parameters):
        most = next(filter(None, map(given.get, OUTPUT_LIMITS)), None)
        if isinstance(most, int):
            return most
    return None


def check_rates(prompts: Iterable[tuple[int, Prompt]], options: RunOptions) -> None:
    """Raise ValueError if a single call exceeds ``tokens_per_minute``: it could never be sent.

    Parameters
    ----------
    prompts
        Each with its number, from 1.
    """
    rate, estimator = options.tokens_per_minute, Estimator(options.parameters, APIS[options.api])
    if rate is None:
        return
    for number, prompt in prompts:
        estimate = estimator.estimate(prompt)
        if estimate.total > rate:
            assumed = max_output(options.parameters | prompt.parameters) is None
            _refuse_rate(rate, estimate, prompt.place or f"Prompt {number}", assumed=assumed)


def _refuse_rate(
    tokens_per_minute: float, estimate: Estimate, place: str, *, assumed: bool
) -> NoReturn:
    """Raise ValueError for a call that alone exceeds ``tokens_per_minute``.

    Parameters
    ----------
    place
        Names its prompt, for the message.
    assumed
        The answer has no ``max_tokens``.
    """
    out = "assumed for the answer" if assumed else "for the answer by max_tokens"
    advice = "set max_tokens" if assumed else "lower max_tokens"
    if estimate.input_tokens >= tokens_per_minute:
        advice = "send less text"
    raise ValueError(
        f"{place} comes to about {estimate.total:,} tokens ({estimate.input_tokens:,} in and "
        f"{estimate.output_tokens:,} {out}), and "
        + argument("tokens_per_minute", repr(tokens_per_minute))
        + f" would never let it through. Raise that, or {advice}."
    )


def _tokens_of_message(message: Mapping[str, Any]) -> float:
    """Estimate the tokens of a message.

    Parts without text, such as pictures, count as `PICTURE_TOKENS`, whatever their bytes.
    """
    content = message.get("content", "")
    if isinstance(content, str):
        return _PER_MESSAGE + guess_tokens(content)
    texts = _texts_of(content)
    tokens = _count_given_tokens(content)
    if tokens:
        return _PER_MESSAGE + tokens
    others = len(content) - len(texts) if isinstance(content, list) else 0
    return _PER_MESSAGE + sum(map(guess_tokens, texts)) + others * PICTURE_TOKENS


def _count_given_tokens(content: object) -> int:
    """Count the tokens of a content that is a list of them, or of such lists."""
    items = content if isinstance(content, list) else []
    if all(type(each) is int for each in items):
        return len(items)
    return sum(map(_count_given_tokens, items)) if all(isinstance(e, list) for e in items) else 0


def _texts_of(content: object) -> list[str]:
    """Return the text of a message, or the texts among its parts."""
    if not isinstance(content, list):
        return [content if isinstance(content, str) else str(content)]
    texts = [part.get("text") if isinstance(part, dict) else part for part in content]
    return [text for text in texts if isinstance(text, str)]
