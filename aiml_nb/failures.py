"""What went wrong with an attempt, read from the exception and everything that caused it.

The classes that the client raises mislead: over its aiohttp transport a refused connection and one
dropped without a reply both arrive as ``APITimeoutError``. So the whole chain of causes is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# Class name in the chain of causes -> (error_type, the server may have done the work). The first
# row that matches decides; names and not classes, so that nothing is imported to ask.
_CAUSES: tuple[tuple[str, str, bool], ...] = (
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
    """

    error_type: str
    status: int | None
    possibly_billed: bool
    message: str
    request_id: str | None = None


def explain_failure(error: BaseException) -> Failure:
    """Say what `error`, raised while a call was made, means."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status >= 300:
        error_type = "redirect" if status < 400 else str(status)
        request_id = getattr(error, "request_id", None)
        return Failure(error_type, status, status >= 500, _reply_text(error), request_id)
    chain = list(_walk_causes(error))
    for name, error_type, possibly_billed in _CAUSES:
        for cause in chain:
            if any(cls.__name__ == name for cls in type(cause).__mro__):
                if name == "RemoteProtocolError" and _NO_REPLY in str(cause):
                    error_type = "no_reply"
                return Failure(error_type, None, possibly_billed, _describe(cause))
    if isinstance(error, BadResponseError):
        return Failure("bad_response", None, True, str(error))
    if any(cls.__name__ == "APIError" for cls in type(error).__mro__):
        return Failure("stream", None, True, str(error))
    return Failure("exception", None, True, _describe(error))


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
    return str(error) or type(error).__name__
