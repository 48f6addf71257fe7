"""When a server asks for a retry: read from headers, fields of the body, and sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_DAY = 86_400.0
# Later than a month is a mistake: a date in other units, or an overflow.
MAX_HINT = 31 * _DAY
# Numbers above the first are times in seconds since the epoch; above the second, milliseconds.
_EPOCH, _EPOCH_IN_MS = 1e9, 1e11

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": _DAY}
_NUMBER = r"(?:\d[\d,]*(?:\.\d+)?|\ban?\b|\bone\b)"
_UNIT = (
    r"(?:ms|msecs?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])"
)
_PART = re.compile(rf"({_NUMBER})\s*({_UNIT}|(?:ms|[smhd])(?=\d))", re.I)
_DURATION = rf"((?:{_NUMBER}\s*(?:{_UNIT}|(?:ms|[smhd])(?=\d))(?:\s*(?:,|and)?\s*)){{1,4}})"
_ROUGHLY = r"(?:\s+(?:about|approximately|around|at\s+least|roughly|another|less\s+than))?\s*~?\s*"
_OBJECT = r"(?:\s+(?:it|your|the|this|request|requests|call|message))*"
_RETRY_IN = re.compile(
    # Matches "try again in", "retry your request after", "come back in", "available again in", but
    # not a time that has passed ("connection reset after", "failed again after").
    rf"(?:\b(?:try|retry|come|check|ask|call|send|available){_OBJECT}\s+(?:again|back|later)"
    rf"(?:\s+(?:again|later))?\s*,?\s+(?:in|after)"
    rf"|\bretry{_OBJECT}\s+(?:in|after)"
    r"|\bbe\s+(?:available|ready)\s+(?:in|after)"
    r"|\b(?:available|refresh(?:es)?|try|cool-?down)\s+(?:again\s+)?in"
    r"|\b(?:resets|(?:will|to)\s+(?:be\s+)?reset)\s+(?:in|after)|\breset\s+in"
    r"|\bwait(?:\s+for)?"
    r"|\bretry[-_ ]?(?:after|delay|in)\b[\"']?\s*[:=]?\s*[\"']?"
    rf"){_ROUGHLY}{_DURATION}",
    re.I,
)
# The name of the header in a sentence; without a unit it means seconds.
_RETRY_AFTER_SECONDS = re.compile(
    r"\bretry[-_ ]?after\b[\"']?\s*[:=]?\s*[\"']?(\d+(?:\.\d+)?)(?![\d.,]*\s*[a-z%\d]|[-:/]\d)",
    re.I,
)
_RETRY_AT = re.compile(
    r"\b(?:retry|again|available|resets?)\b(?:\s+\w+){0,3}?\s+(?:after|at|until)\s+"
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s*(?:Z|[+-]\d\d:?\d\d)?)",
    re.I,
)

# Names of fields in lower case, without - and _.
_SECONDS_FIELDS = {
    *("retryafter", "retryafterseconds", "retryaftersecs", "retrydelay", "retrydelayseconds"),
    *("retryin", "retryinseconds", "waitseconds", "waittime", "waittimeseconds", "estimatedtime"),
    *("resetin", "resetsin", "resetafter", "resetinseconds", "resetsinseconds"),
}
_MILLISECONDS_FIELDS = {
    f"{name}{unit}"
    for name in ("retryafter", "retrydelay", "retryin", "waittime", "resetin", "resetsin")
    for unit in ("ms", "milliseconds")
}
# Prefixes that vendors put before `retry-after`.
_VENDOR_PREFIX = re.compile(r"^x-(?:ms-|rate-?limit-(?=retry))?", re.I)
_TIME_FIELDS = {"retryat", "resetat", "resetsat", "resettime", "xratelimitreset"}
# Fields that echo the request: a prompt may contain "retry_after", too.
_ECHOED_FIELDS = {"input", "ctx", "messages", "request", "body", "prompt"}
_LIMIT = re.compile(r"rate-?limit.*(?:reset|remaining)", re.I)
_MAX_FIELDS = 300
_MAX_CHARACTERS = 4000


def read_retry_after(
    headers: Mapping[str, str],
    body: object = None,
    message: str = "",
    *,
    now: float,
    refused: bool = False,
) -> float | None:
    """Return the seconds that a reply asks to wait.

    Parameters
    ----------
    headers
        First ``retry-after-ms`` and ``retry-after`` (seconds, or a date as in RFC 9110); last of
        all, ``x-ratelimit-reset-*`` of what is used up.
    body
        The parsed body, with fields such as ``retryDelay`` or ``retry_after_ms``.
    message
        The server's message, such as ``try again in 1m30s``.
    now
        Seconds since the epoch.
    refused
        True for a 429: then a reset counts even if the headers do not say what remains.

    Returns
    -------
    float or None
        None without a hint in a sensible range: not negative, and below a month.
    """
    sources: tuple[Callable[[], Iterator[float | None]], ...] = (
        lambda: _read_headers(headers, now),
        lambda: _read_fields(body, now),
        lambda: iter([_read_message(message, now)]),
        lambda: _read_resets(headers, now, refused=refused),
    )
    # Lazily: the regular expressions run only if the headers say nothing.
    hints = (hint for source in sources for hint in source() if hint is not None)
    return next((hint for hint in hints if 0 <= hint <= MAX_HINT), None)


def _read_headers(headers: Mapping[str, str], now: float) -> Iterator[float | None]:
    yield _scale(_number(headers.get("retry-after-ms")), 0.001)
    yield _read_value(headers.get("retry-after"), now)
    others = {
        _VENDOR_PREFIX.sub("", name): value for name, value in headers.items() if "retry" in name
    }
    yield from _read_fields(others, now)


def _read_resets(
    headers: Mapping[str, str], now: float, *, refused: bool
) -> Iterator[float | None]:
    """Yield the latest reset of the limits that are used up."""
    limits = {name.lower(): value for name, value in headers.items() if _LIMIT.search(name)}
    resets = []
    for name, value in limits.items():
        left = limits.get(name.replace("reset", "remaining"))
        is_used_up = refused if left is None else _number(left) == 0
        if "reset" in name and is_used_up:
            resets.append(_read_value(value, now))
    yield max((each for each in resets if each is not None), default=None)


def _read_fields(body: object, now: float) -> Iterator[float | None]:
    """Yield the values of fields with a known name, breadth first: outer fields count more."""
    queue: list[object] = [body]
    for _ in range(_MAX_FIELDS):
        if not queue:
            return
        value = queue.pop(0)
        if isinstance(value, list):
            queue += value[:_MAX_FIELDS]
        if not isinstance(value, dict):
            continue
        for name, inner in list(value.items())[:_MAX_FIELDS]:
            plain = re.sub(r"[-_ ]", "", str(name)).lower()
            if plain in _MILLISECONDS_FIELDS:
                yield _scale(_number(inner), 0.001)
            elif plain in _SECONDS_FIELDS:
                yield _read_value(inner, now)
            elif plain in _TIME_FIELDS:
                yield _read_time(inner, now)
            elif plain not in _ECHOED_FIELDS:
                queue.append(inner)


def _read_message(message: str, now: float) -> float | None:
    # Runs of blanks would make the patterns backtrack for long.
    line = " ".join(message[:_MAX_CHARACTERS].split())
    asked = _RETRY_IN.search(line)
    if asked:
        return _read_duration(asked[1])
    plain = _RETRY_AFTER_SECONDS.search(line)
    if plain:
        return _number(plain[1])
    moment = _RETRY_AT.search(line)
    return _read_time(moment[1].strip(), now) if moment else None


def _read_value(value: object, now: float) -> float | None:
    """Read seconds, a duration like OpenAI's and Google's (``6m0s``, ``35s``), or a date."""
    number = _number(value)
    if number is not None:
        return number if number < _EPOCH else _read_time(number, now)
    if isinstance(value, dict):  # a protobuf duration
        return _number(value.get("seconds"))
    if not isinstance(value, str):
        return None
    text = " ".join(value[:100].split())
    is_duration = re.fullmatch(f"(?:PT)?{_DURATION}", text, re.I)
    return _read_duration(text) if is_duration else _read_time(text, now)


def _read_time(value: object, now: float) -> float | None:
    """Read a point in time: a date, or seconds or milliseconds since the epoch."""
    number = _number(value)
    if number is not None:
        left = number / (1000.0 if number >= _EPOCH_IN_MS else 1.0) - now
        # More than a day in the past is not a time but some other number.
        return max(0.0, left) if left > -_DAY else None
    try:
        return max(0.0, _parse_date(str(value)[:100].strip()).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return None


def _parse_date(text: str) -> datetime:
    if re.match(r"\d{4}-\d\d-\d\d", text):
        date = datetime.fromisoformat(text)
        return date if date.tzinfo else date.replace(tzinfo=UTC)
    return parsedate_to_datetime(text)


def _read_duration(text: str) -> float:
    return sum(_amount(number) * _unit(unit) for number, unit in _PART.findall(text))


def _amount(number: str) -> float:
    if not number[0].isdigit():  # "an hour"
        return 1.0
    is_decimal = re.fullmatch(r"\d+,\d{1,2}", number)  # a decimal comma, as in "1,5 s"
    return float(number.replace(",", "." if is_decimal else ""))


def _unit(name: str) -> float:
    name = name.lower()
    return _UNITS["ms"] if name.startswith(("ms", "milli")) else _UNITS[name[0]]


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _scale(number: float | None, factor: float) -> float | None:
    return None if number is None else number * factor
