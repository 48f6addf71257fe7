"""What went wrong with an attempt, read from the exception and everything that caused it.

The classes that the client raises mislead: over its aiohttp transport a refused connection and one
dropped without a reply both arrive as ``APITimeoutError``. So the whole chain of causes is read.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

# Class name in the chain of causes -> (error_type, the server may have done the work). The first
# row that matches decides; names and not classes, so that nothing is imported to ask.
_CAUSES: tuple[tuple[str, str, bool], ...] = (
    ("ReplyTooLargeError", "too_large", True),  # the guard's own, see transport.py
    ("EncodedReplyError", "encoding", True),
    ("DeadlineError", "deadline", True),
    ("ConnectionTimeoutError", "connect", False),  # aiohttp: no connection in time
    ("ClientConnectorError", "connect", False),  # aiohttp: refused, unknown host, TLS
    ("ConnectError", "connect", False),  # httpx2: the same
    ("SocketTimeoutError", "deadline", True),
    ("ServerTimeoutError", "deadline", True),
    ("ServerDisconnectedError", "no_reply", True),
    ("ClientPayloadError", "no_reply", True),  # aiohttp: the body broke off
    ("ClientOSError", "no_reply", True),  # aiohttp: reset
    ("ClientResponseError", "protocol", True),  # aiohttp: bad status line or headers
    ("HttpProcessingError", "protocol", True),
    ("ConnectTimeout", "connect", False),
    ("PoolTimeout", "connect", False),
    ("TimeoutException", "deadline", True),
    ("TimeoutError", "deadline", True),
    ("ReadError", "no_reply", True),
    ("WriteError", "no_reply", True),
    ("RemoteProtocolError", "protocol", True),
    ("UnicodeEncodeError", "exception", False),  # the prompt could not even be written down
    ("JSONDecodeError", "bad_response", True),
    ("UnicodeDecodeError", "bad_response", True),
    ("RecursionError", "bad_response", True),
    ("APIResponseValidationError", "bad_response", True),
)
_NO_REPLY = "without sending"  # how httpx2 words a connection closed before the reply was whole


class BadResponseError(ValueError):
    """A reply that came, but is no chat completion. Becomes ``error_type="bad_response"``."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt in plain words.

    Parameters
    ----------
    error_type
        As in `records.Call.error_type`.
    status
        The HTTP status of the reply, None if there was none.
    possibly_billed
        The server may have done, and charged for, the work.
    message
        What happened, as the server or the client puts it.
    request_id
        The server's ``x-request-id``.
    retry_after
        Seconds after which the server asks to be asked again, None if it does not say.
    should_retry
        The server's ``x-should-retry``, None if it does not say.
    """

    error_type: str
    status: int | None
    possibly_billed: bool
    message: str
    request_id: str | None = None
    retry_after: float | None = None
    should_retry: bool | None = None


def explain_failure(error: BaseException) -> Failure:
    """Say what `error`, raised while a call was made, means."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status >= 300:
        error_type = "redirect" if status < 400 else str(status)
        headers = getattr(getattr(error, "response", None), "headers", {})
        return Failure(
            error_type,
            status,
            status >= 500,
            _reply_text(error),
            headers.get("x-request-id"),
            read_retry_after(headers, now=time.time()),
            {"true": True, "false": False}.get(headers.get("x-should-retry", "").lower()),
        )
    chain = list(_walk_causes(error))
    for name, error_type, possibly_billed in _CAUSES:
        for cause in chain:
            if any(cls.__name__ == name for cls in type(cause).__mro__):
                if name == "RemoteProtocolError" and _NO_REPLY in str(cause):
                    error_type = "no_reply"
                # What cannot be read came with a good status: others are raised as such.
                answered = 200 if error_type == "bad_response" else None
                late = error_type == "deadline"
                message = "no whole answer came in time" if late else _describe(cause)
                return Failure(error_type, answered, possibly_billed, message)
    if isinstance(error, BadResponseError):
        return Failure("bad_response", 200, True, str(error))
    if any(cls.__name__ == "APIError" for cls in type(error).__mro__):
        return Failure("stream", 200, True, str(error))
    return Failure("exception", None, True, _describe(error))


def read_retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return the seconds that a reply asks to wait.

    Parameters
    ----------
    headers
        ``retry-after-ms``, ``retry-after`` (seconds, or a date as in RFC 9110) and OpenAI's
        ``x-ratelimit-reset-*`` of what is used up are read, in this order.
    now
        Seconds since the epoch.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    given = headers.get("retry-after")
    if given is not None:
        seconds = _number(given)
        return seconds if seconds is not None else _seconds_until(given, now)
    resets = [
        _read_duration(headers.get(f"x-ratelimit-reset-{kind}", ""))
        for kind in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{kind}") == "0"
    ]
    return max(filter(None, resets), default=None)


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _seconds_until(date: str, now: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _read_duration(text: str) -> float | None:
    """Read durations as OpenAI writes them: ``1s``, ``6m0s``, ``120ms``."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|h|m|s)", text)
    return sum(float(number) * units[unit] for number, unit in parts) if parts else None


def _walk_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the root cause first, so that the plainest name decides."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        current = current.__cause__ or current.__context__
    yield from reversed(seen)


def _reply_text(error: BaseException) -> str:
    """Return the server's own sentence where its reply has one."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        message = inner.get("message") if isinstance(inner, dict) else inner
        if isinstance(message, str):
            return message
    return str(error)


def _describe(error: BaseException) -> str:
    cause = getattr(error, "os_error", None)  # aiohttp's, whose own words show its settings
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    return re.sub(r" ssl:(<.*?>|\w+)", "", str(error)) or type(error).__name__
