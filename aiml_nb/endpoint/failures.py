"""What went wrong with an attempt, read from the exception and everything that caused it.

The classes that the client raises tell little: a refused connection and one dropped without a reply
both arrive as ``APIConnectionError``. So the whole chain of causes is read.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from ..printable import printable
from .bad_replies import BadResponseError, ErrorReplyError
from .error_bodies import ErrorBody, page_text, read_error, read_error_text
from .keys import ApiKey
from .retry_hints import read_retry_after

# Class name in the chain of causes -> (error_type, the server may have done the work). The first
# row that matches decides; names and not classes, so that nothing is imported to ask.
_CAUSES: tuple[tuple[str, str, bool], ...] = (
    ("ProxyFailedError", "connect", False),  # the guard's own, see transport
    ("OutOfFilesError", "deadline", False),
    ("HeadTooLargeError", "protocol", True),
    ("BrokenReplyError", "protocol", True),
    ("ReplyTooLargeError", "too_large", True),
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
_MAX_CHARACTERS = 300
_NO_HEADERS: Mapping[str, str] = {}


PAGE = "page"  # the code of a reply that is one


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt in plain words.

    Parameters
    ----------
    error_type
        As in `records.Call.error_type`.
    status
        The HTTP status of the reply, or that which its body names; None if there was none.
    possibly_billed
        The server may have done, and charged for, the work.
    message
        What happened, as the server or the client puts it, whole and with whatever it repeats:
        shown by `quote`.
    request_id
        The server's ``x-request-id``.
    retry_after
        Seconds after which the server asks to be asked again, in a header, a field or a sentence;
        None if it does not say.
    should_retry
        The server's ``x-should-retry``, None if it does not say.
    code
        The server's own code or type of the error, such as ``insufficient_quota``; None if it has
        none but the status.
    at_proxy
        It was a proxy that failed; the server has not been reached.
    param
        The parameter of the request that the error is about, where the server names one.
    """

    error_type: str
    status: int | None
    possibly_billed: bool
    message: str = field(repr=False)  # tracebacks may print variables
    request_id: str | None = field(default=None, repr=False)
    retry_after: float | None = None
    should_retry: bool | None = None
    code: str | None = field(default=None, repr=False)
    at_proxy: bool = False
    param: str | None = field(default=None, repr=False)


def quote(message: str, key: ApiKey) -> str:
    """Return what a record keeps of a failure's words: no key, at most 300 characters.

    Parameters
    ----------
    message
        Any text of the server's.
    key
        What may stand in it and must not.
    """
    # Enough of it to fill the line; the key goes first, lest a part of it is left by the cut.
    text = key.redact(printable(" ".join(message[: 40 * _MAX_CHARACTERS].split())))
    if len(text) <= _MAX_CHARACTERS:
        return text
    cut = text[: _MAX_CHARACTERS - 2]
    at = cut.rfind(" ", _MAX_CHARACTERS // 2)  # a line without blanks is cut where it is full
    return f"{cut[:at] if at > 0 else cut} …"


def explain_failure(error: BaseException, headers: Mapping[str, str] = _NO_HEADERS) -> Failure:
    """Say what `error`, raised while a call was made, means.

    Parameters
    ----------
    headers
        Of a reply with a good status, which may have been an error all the same.
    """
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status >= 300:
        return _explain_status(status, getattr(error, "response", None))
    if isinstance(error, ErrorReplyError):
        kind = "stream" if error.in_stream else "bad_response"
        return _explain_error_reply(read_error(error.body), kind, headers)
    if isinstance(error, BadResponseError):
        return Failure("bad_response", 200, True, str(error), code=error.code)
    chain = list(_walk_causes(error))
    for name, error_type, possibly_billed in _CAUSES:
        for cause in chain:
            if any(cls.__name__ == name for cls in type(cause).__mro__):
                if name == "RemoteProtocolError" and _NO_REPLY in str(cause):
                    error_type = "no_reply"
                # What cannot be read came with a good status: others are raised as such.
                status = 200 if error_type == "bad_response" else None
                words, at_proxy = _describe_cause(cause, error_type), name == "ProxyFailedError"
                return Failure(error_type, status, possibly_billed, words, at_proxy=at_proxy)
    return Failure("exception", None, True, _describe_exception(error))


def _explain_status(status: int, response: Any) -> Failure:
    """Read a reply whose status says that it is none."""
    headers = getattr(response, "headers", {})
    body = read_error_text(getattr(response, "text", ""))
    return Failure(
        "redirect" if status < 400 else str(status),
        status,
        status >= 500,
        body.message or f"{_name_status(status)}, without a word about why",
        **_read_details(body, headers, is_429=status == 429),
    )


def _explain_error_reply(body: ErrorBody, kind: str, headers: Mapping[str, str]) -> Failure:
    """Read an error that came with a good status: it is the status that it names."""
    return Failure(
        kind if body.status is None else str(body.status),
        body.status or 200,
        body.status is None or body.status >= 500,
        body.message or "the server sent an error without a word about why",
        **_read_details(body, headers, is_429=body.status == 429),
    )


def _read_details(body: ErrorBody, headers: Mapping[str, str], *, is_429: bool) -> dict[str, Any]:
    """Return what an error says beside its words: whose it is, and whether to come back."""
    return {
        "request_id": headers.get("x-request-id"),
        "retry_after": read_retry_after(
            headers, body.parsed, body.message, now=time.time(), refused=is_429
        ),
        "should_retry": {"true": True, "false": False}.get(
            headers.get("x-should-retry", "").lower()
        ),
        "code": body.code,
        "param": _find_param(body.parsed),
    }


def _find_param(parsed: object) -> str | None:
    """Return the parameter that an error is about, where OpenAI's shape names it."""
    error = parsed.get("error") if isinstance(parsed, dict) else None
    param = error.get("param") if isinstance(error, dict) else None
    return param if isinstance(param, str) else None


def _name_status(status: int) -> str:
    try:
        return f"status {status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return f"status {status}"


def _walk_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the root cause first, so that the plainest name decides."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        current = current.__cause__ or current.__context__
    yield from reversed(seen)


def _describe_cause(cause: BaseException, error_type: str) -> str:
    """Say what happened, without what a server body in the head of its reply."""
    name = type(cause).__name__
    if error_type == "protocol" and name not in {"HeadTooLargeError", "BrokenReplyError"}:
        return "the reply is not HTTP"
    if error_type == "deadline" and name != "OutOfFilesError":
        return "no whole answer came in time"
    if name == "ServerDisconnectedError":  # it holds what had come of the head
        return "Server disconnected without sending a response."
    if name == "ClientPayloadError":
        return "the connection was closed before the whole answer had come"
    return _describe_exception(cause)


def _describe_exception(error: BaseException) -> str:
    cause = getattr(error, "os_error", None)  # aiohttp's, whose own words show its settings
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    for each in (error, error.__cause__, *error.args):
        untrusted = getattr(each, "verify_message", None)  # of a certificate
        if untrusted:
            return f"its certificate is not trusted: {untrusted}. SSL_CERT_FILE=FILE trusts others"
    came = getattr(error, "doc", None)  # a piece of a stream that is not JSON
    if isinstance(came, str):
        return f"a piece of the stream is not JSON but: {page_text(came) or 'nothing'}"
    return re.sub(r" ssl:(<.*?>|\w+)", "", str(error)) or type(error).__name__
