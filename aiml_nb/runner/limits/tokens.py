"""Estimate the tokens of a text without its tokenizer: a typical number, and a lower bound.

Both depend on how many bytes each character takes in UTF-8, which tells scripts apart: tokenizers
know the words of the Latin script best; Greek, Cyrillic, Hebrew and Arabic less; Chinese, Hindi or
Thai take about a token per character, an emoji several.
"""

from __future__ import annotations

import math

# Tokens per character of one byte (a letter or a space), two, three and four.
_TYPICAL = (0.25, 0.75, 1.25, 3.0)
_PER_SYMBOL = 1.0  # tokens per digit or punctuation mark, frequent in code
# The same for the best tokenizer of a language and its longest words: nothing takes fewer.
_MINIMUM = (0.125, 0.25, 0.25, 0.5)

_LETTERS = dict.fromkeys(map(ord, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ \t\r\n"))


def guess_tokens(text: str) -> float:
    """Estimate the tokens of a text, taken for prose."""
    if text.isascii():
        return len(text) * _TYPICAL[0]
    return _weighted_sum(_count_widths(text), _TYPICAL)


def count_tokens(text: str) -> float:
    """Estimate the tokens of a text, prose or code, rather too many than too few."""
    widths = _count_widths(text)
    plain = text if len(text) == widths[0] else text.encode("ascii", "ignore").decode()
    symbols = len(plain.translate(_LETTERS))
    return _weighted_sum(widths, _TYPICAL) + symbols * (_PER_SYMBOL - _TYPICAL[0])


def least_tokens(text: str) -> int:
    """Return a lower bound of a text's tokens; white space counts as none."""
    return math.floor(_weighted_sum(_count_widths("".join(text.split())), _MINIMUM))


def are_too_few(tokens: int, text: str) -> bool:
    """Tell whether a reported number of tokens is below the lower bound of the text."""
    # The upper bound of the lower bound first: it needs no look at the text.
    most = len(text) * (_MINIMUM[0] if text.isascii() else max(_MINIMUM))
    return tokens < most and tokens < least_tokens(text)


def _count_widths(text: str) -> tuple[int, int, int, int]:
    """Count the characters that take one, two, three and four bytes."""
    if text.isascii():
        return len(text), 0, 0, 0
    # By the lengths of three encodings: much faster than a loop over the characters.
    one = len(text.encode("ascii", "ignore"))
    four = len(text.encode("utf-16-le", "surrogatepass")) // 2 - len(text)
    rest = len(text) - one - four
    three = len(text.encode("utf-8", "surrogatepass")) - one - 4 * four - 2 * rest
    return one, rest - three, three, four


def _weighted_sum(widths: tuple[int, ...], weights: tuple[float, ...]) -> float:
    return sum(width * weight for width, weight in zip(widths, weights, strict=True))
