"""Texts and numbers that a JSON schema allows: formats, patterns, bounds, multiples."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from .patterns import PatternError, make_match
from .schema_merge import SchemaError

_WORDS = (
    "harbour", "lantern", "orchard", "meadow", "copper", "willow", "granite", "saffron",
    "compass", "ribbon", "juniper", "teapot", "marble", "thistle", "anchor", "velvet",
)  # fmt: skip

_MAX_SPAN = 1000

FORMATS: Mapping[str, Callable[[int], str]] = {
    "date-time": lambda n: f"2024-05-{n % 28 + 1:02d}T08:30:00Z",
    "date": lambda n: f"2024-05-{n % 28 + 1:02d}",
    "time": lambda n: f"08:{n % 60:02d}:00Z",
    "duration": lambda n: f"PT{n % 59 + 1}M",
    "email": lambda n: f"{make_word(n % 1600)}@example.com",
    "hostname": lambda n: f"{make_word(n % 1600)}.example.com",
    "ipv4": lambda n: f"192.0.2.{n % 254 + 1}",
    "ipv6": lambda n: f"2001:db8::{n % 65535 + 1:x}",
    "uri": lambda n: f"https://example.com/{make_word(n % 1600)}",
    "uuid": lambda n: f"00000000-0000-4000-8000-{n % 2**48:012x}",
}
"""Texts of the supported formats, by a number that varies them."""


def make_word(number: int, least: int = 0, most: int = 100) -> str:
    """Make a word of a length in these bounds; 1,600 consecutive numbers give distinct words."""
    count, word = divmod(number % 1600, len(_WORDS))
    text = _WORDS[word] + (str(count) if count else "")
    if len(text) <= most:
        return text.ljust(least, ".")
    letters = ""
    for _ in range(most):
        number, letter = divmod(number, 26)
        letters += chr(ord("a") + letter)
    return letters


def make_formatted_text(
    schema: Mapping[str, Any], number: int, least: int, most: int
) -> str | None:
    """Make a text with the pattern or format of a schema; ``None`` if it has neither."""
    pattern, format_name = schema.get("pattern"), schema.get("format", "")
    if pattern is not None:
        try:
            text = make_match(pattern, number, least=least)
        except PatternError as error:
            raise SchemaError(f"no text is made for the pattern {pattern!r:.80}: {error}") from None
    elif format_name in FORMATS:
        text = FORMATS[format_name](number)
    else:
        return None
    if not least <= len(text) <= most:
        raise SchemaError("a text with such a pattern or format would have another length")
    return text


def make_number(schema: Mapping[str, Any], kind: str, number: int) -> float:
    """Make a number that the schema allows; `number` varies it."""
    low, high = _read_bound(schema, "inimum", max), _read_bound(schema, "aximum", min)
    step = schema.get("multipleOf", 1 if kind == "integer" else None)
    if step is None:
        return _pick_between(low, high, number)
    exact = Fraction(str(step))
    if exact <= 0:
        raise SchemaError("multipleOf must be above 0")
    if kind == "integer":
        exact = Fraction(exact.numerator)  # the whole numbers among its multiples
    return _pick_multiple(exact, low, high, number)


_Bound = tuple[Fraction | None, bool]
"""A bound or None, and whether it is exclusive."""


def _read_bound(schema: Mapping[str, Any], end: str, choose: Callable[..., Any]) -> _Bound:
    value, excluded = schema.get("m" + end), schema.get("exclusiveM" + end)
    if excluded is True:  # draft 4: a flag beside the bound
        return (None if value is None else Fraction(str(value))), True
    bounds = [(Fraction(str(value)), False)] if value is not None else []
    if excluded is not None and excluded is not False:
        bounds.append((Fraction(str(excluded)), True))
    if not bounds:
        return None, False
    # Of two equal bounds the exclusive one is stricter.
    sign = 1 if choose is max else -1
    return max(bounds, key=lambda each: (sign * each[0], each[1]))


def _pick_multiple(step: Fraction, low: _Bound, high: _Bound, number: int) -> float:
    first = last = None
    if low[0] is not None:
        first = math.ceil(low[0] / step)
        first += low[1] and first * step == low[0]
    if high[0] is not None:
        last = math.floor(high[0] / step)
        last -= high[1] and last * step == high[0]
    if first is None:
        first = 0 if last is None else last - 99
    if last is None:
        last = first + 99
    count = last - first + 1
    if count < 1:
        raise SchemaError("no number lies between its bounds")
    for turn in range(min(count, 100)):
        exact = (first + (number + turn) % count) * step
        if exact.denominator == 1:
            return int(exact)
        # Validators divide floats, for which 0.29 is not a multiple of 0.01.
        if (float(exact) / float(step)).is_integer():
            return float(exact)
    raise SchemaError("no number is a multiple to the last bit")


def _pick_between(low: _Bound, high: _Bound, number: int) -> float:
    least, most = low[0], high[0]
    if least is None:
        least = Fraction(0) if most is None else most - 100
    if most is None:
        most = least + 100
    if least == most and not (low[1] or high[1]):
        return float(least)
    if least >= most:
        raise SchemaError("no number lies between its bounds")
    if most - least > _MAX_SPAN:  # a number of ordinary size is easier to read
        least = min(max(least, Fraction(0)), most - _MAX_SPAN)
        most = least + _MAX_SPAN
    exact = least + (most - least) * Fraction(number % 999 + 1, 1000)
    rounded = round(float(exact), 3 - math.floor(math.log10(most - least)))
    return rounded if least < rounded < most else float(exact)
