"""The JSON in the text of an answer: the whole of it, in a Markdown fence, or between other words.

Only JSON is read: no trailing commas, no comments, no NaN. Where there are two values nobody can
tell which one is meant.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from .problems import InvalidAnswerError

# A fence at the beginning of a line, with its word (json): in JSON's own texts no line begins.
_FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[ \t]*([\w+.-]*)[ \t]*\r?$", re.MULTILINE)
# Only these may be numbers that no float can hold.
_MAYBE_INFINITE = re.compile(r"\d[eE]\+?\d{3}|\d{300}")
_NO_NUMBER = re.compile(r"[:,\[]\s*-?(NaN|Infinity)\b")
_MAX_BRACES = 50  # that are looked at among words
_MAX_SHOWN = 60  # characters of the text that are quoted


def find_json(text: str) -> tuple[str, Any]:
    """Return the JSON text in an answer, and its value.

    Raises
    ------
    InvalidAnswerError
        If there is none, or more than one.
    """
    text = text.strip().removeprefix("\ufeff").strip()
    if not text:
        raise InvalidAnswerError("the answer has no text")
    try:
        return text, _parse(text)
    except ValueError as error:
        whole = error
    fenced = list(_fenced(text))
    found = fenced or list(_between_words(text))
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidAnswerError(
            f"the answer has {len(found)} JSON values, and which one is meant cannot be told"
        )
    raise InvalidAnswerError(_explain(text, whole))


def _parse(text: str) -> Any:
    """Parse strict JSON; raises ValueError, for what is nested too deeply, too."""
    try:
        value = from_json(text, allow_inf_nan=False)
    except TypeError:  # a lone surrogate, which no text in UTF-8 can hold
        raise ValueError("it has half of a surrogate pair") from None
    except ValueError:
        if _NO_NUMBER.search(text):
            raise ValueError("NaN and Infinity are no numbers in it") from None
        raise
    if _MAYBE_INFINITE.search(text) and not _is_finite(value):
        raise ValueError("a number in it is too large")
    return value


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _fenced(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the fenced blocks that are JSON; the last may lack its end."""
    begin: int | None = None
    for fence in _FENCE.finditer(text):
        if begin is None:
            begin = fence.end()
            continue
        yield from _try(text[begin : fence.start()])
        # A word after a fence begins another block: the one before lacks its end.
        begin = fence.end() if fence[1] else None
    if begin is not None:
        yield from _try(text[begin:])


def _try(text: str) -> Iterator[tuple[str, Any]]:
    text = text.strip()
    try:
        yield text, _parse(text)
    except ValueError:
        return


def _between_words(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the objects in a text, whose braces may stand for other things, too."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    # Each is read about once, but Python counts the lines before each error, so there is a bound.
    for _ in range(_MAX_BRACES):
        if at < 0:
            return
        end = at + 1
        try:
            _, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            end = max(end, error.pos)
        except (ValueError, RecursionError):  # a number of too many digits, too many brackets
            return
        else:
            yield from _try(text[at:end])
        at = text.find("{", end)


def _explain(text: str, error: ValueError) -> str:
    if text.startswith(("{", "[", "`", "~")):
        return f"the answer is not JSON: {error}"
    begin = text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"
    return f"there is no JSON in the answer: it begins with {begin!r}"
