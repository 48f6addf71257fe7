"""Logprobs of an answer: the probability of each token, and its alternatives."""

import math
from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from ..rng import hash_number

# The alternatives to a token.
_ALTERNATIVES = (
    " the", " a", ".", ",", " and", " one", "\n", " is", " it", " four", " not", " 4", " of",
    " or", " to", " that", " Yes", "!", " well", " they", " an", " in",
)  # fmt: skip

# The least probability of a token; each alternative has half that of the one before.
_MIN_PROBABILITY = 0.3


def describe_tokens(
    tokens: Sequence[str], *, top: int, name: str, index: int = 0, start: int = 0
) -> list[dict[str, Any]]:
    """Describe tokens of a choice as OpenAI's ``logprobs`` do.

    Parameters
    ----------
    top
        The number of most probable tokens to list for each.
    name, index, start
        The id of the answer, the index of the choice, and that of the first of these tokens in it;
        they seed the draws.
    """
    return [
        _describe(token, top, hash_number(name, "logprobs", index, start + place) / 2**32)
        for place, token in enumerate(tokens)
    ]


def _describe(token: str, top: int, drawn: float) -> dict[str, Any]:
    probability = 1 - drawn * (1 - _MIN_PROBABILITY)
    entry = _write_entry(token, probability)
    left, candidates = 1 - probability, [(probability, token)]
    turn = int(drawn * 1000) % len(_ALTERNATIVES)
    for other in (_ALTERNATIVES[turn:] + _ALTERNATIVES[:turn])[: top + 1]:
        if other != token:
            left /= 2
            candidates.append((left, other))
    candidates.sort(key=itemgetter(0), reverse=True)
    entry["top_logprobs"] = [_write_entry(text, share) for share, text in candidates[:top]]
    return entry


def _write_entry(token: str, probability: float) -> dict[str, Any]:
    logprob = round(math.log(max(probability, 1e-9)), 6)
    return {"token": token, "logprob": logprob, "bytes": _list_bytes(token)}


@lru_cache(maxsize=1024)
def _list_bytes(token: str) -> list[int] | None:
    try:
        return list(token.encode())
    except UnicodeEncodeError:  # a lone surrogate has none
        return None
