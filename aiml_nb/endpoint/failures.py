"""What a failed attempt means: `Failure`, read from the exception and its causes.

The exception classes of the client tell little: a refused connection and one that was dropped
without a reply are both ``APIConnectionError``. So the whole chain of causes is searched.
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
from .client_errors import headers_of, status_of, text_of
from .error_bodies import ErrorBody, page_text, read_error, read_error_text
from .keys import ApiKey
from .retry_hints import read_retry_after

# Class name in the chain of causes, error_type, and whether the server may have done the work. The
# first row that matches decides. Names and not classes, so that no HTTP library must be imported.
_CAUSES: tuple[tuple[str, str, bool], ...] = (
    ("ProxyFailedError", "connect", False),  # of our own transport, like the next few
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
    ("ContentTypeError", "bad_response", True),  # aiohttp: no JSON
    ("ClientResponseError", "protocol", True),  # aiohttp: bad status line or headers
    ("HttpProcessingError", "protocol", True),
    ("ConnectTimeout", "connect", False),
    ("PoolTimeout", "connect", False),
    ("NewConnectionError", "connect", False),  # urllib3, and requests with it; urllib
    ("gaierror", "connect", False),
    ("ConnectionRefusedError", "connect", False),
    ("TimeoutException", "deadline", True),
    ("TimeoutError", "deadline", True),
    ("ReadError", "no_reply", True),
    ("WriteError", "no_reply", True),
    ("RemoteProtocolError", "protocol", True),
    ("SSLCertVerificationError", "connect", False),
    ("ConnectionResetError", "no_reply", True),  # http.client: RemoteDisconnected, too
    ("IncompleteRead", "no_reply", True),
    ("BadStatusLine", "protocol", True),
    ("UnreadableFileError", "exception", False),
    ("UnicodeEncodeError", "exception", False),  # the prompt cannot be encoded: nothing was sent
    ("JSONDecodeError", "bad_response", True),
    ("UnicodeDecodeError", "bad_response", True),
    ("RecursionError", "bad_response", True),
    ("APIResponseValidationError", "bad_response", True),
)
_NO_REPLY = "without sending"  # httpx2's message for a connection closed before the reply's end
_MAX_CHARACTERS = 300
_NO_HEADERS: Mapping[str, str] = {}
PAGE = "page"  # the code of a reply that is an HTML page


@dataclass(frozen=True, slots=True)
class Failure:
    """The cause of one failed attempt.

    Parameters
    ----------
    error_type
        As in `records.Call.error_type`.
    status
        The HTTP status of the reply, or the one that its body names; None without a reply.
    possibly_billed
        The server may have done, and charged for, the work.
    message
        The message of the server or the client, whole and not redacted: show it with `quote`.
    request_id
        The server's ``x-request-id``.
    retry_after
        Seconds after which the server asks for a retry, in a header, a field or a sentence; None
        if it does not say.
    should_retry
        The server's ``x-should-retry``; None without one.
    code
        The server's code or type of the error, such as ``insufficient_quota``; None if it has
        none besides the status.
    at_proxy
        A proxy failed; the server was not reached.
    param
        The request parameter that the error is about, if the server names one.
    """

    error_type: str
    status: int | None
    possibly_billed: bool
    message: str = field(repr=False)  # tracebacks may print variables, and it may hold the key
    request_id: str | None = field(default=None, repr=False)
    retry_after: float | None = None
    should_retry: bool | None = None
    code: str | None = field(default=None, repr=False)
    at_proxy: bool = False
    param: str | None = field(default=None, repr=False)


def quote(message: str, key: ApiKey) -> str:
    """Return a failure's message as records keep it: without the key, at most 300 characters.

    Parameters
    ----------
    message
        Any text of the server's.
    key
        Is redacted in it.
    """
    # Redacted before the final cut, which could leave a part of the key. The first slice only
    # bounds the work, and still leaves enough to fill the line.
    text = key.redact(printable(" ".join(message[: 40 * _MAX_CHARACTERS].split())))
    if len(text) <= _MAX_CHARACTERS:
        return text
    cut = text[: _MAX_CHARACTERS - 2]
    at = cut.rfind(" ", _MAX_CHARACTERS // 2)  # at a space, unless that loses half of the text
    return f"{cut[:at] if at > 0 else cut} …"


def explain_failure(error: BaseException, headers: Mapping[str, str] = _NO_HEADERS) -> Failure:
    """Return the failure that an exception raised during a call means.

    Parameters
    ----------
    headers
        Of the reply, if it had a good status and was an error all the same.
    """
    status = status_of(error)
    if status is not None:
        return _explain_status(status, error)
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
                # An unreadable reply had a good status: the client raises others by status.
                status = 200 if error_type == "bad_response" else None
                words, at_proxy = _describe_cause(cause, error_type), name == "ProxyFailedError"
                return Failure(error_type, status, possibly_billed, words, at_proxy=at_proxy)
    return Failure("exception", None, True, _describe_exception(error))


def _explain_status(status: int, error: BaseException) -> Failure:
    """Return the failure of a reply with an error status."""
    headers = headers_of(error)
    body = read_error_text(text_of(error))
    return Failure(
        "redirect" if status < 400 else str(status),
        status,
        status >= 500,
        body.message or f"{_name_status(status)}, without a word about why",
        **_read_details(body, headers, is_429=status == 429),
    )


def _explain_error_reply(body: ErrorBody, kind: str, headers: Mapping[str, str]) -> Failure:
    """Return the failure of an error with a good HTTP status: it counts as the one it names."""
    return Failure(
        kind if body.status is None else str(body.status),
        body.status or 200,
        body.status is None or body.status >= 500,
        body.message or "the server sent an error without a word about why",
        **_read_details(body, headers, is_429=body.status == 429),
    )


def _read_details(body: ErrorBody, headers: Mapping[str, str], *, is_429: bool) -> dict[str, Any]:
    """Return the details of an error besides its message, as arguments of `Failure`."""
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
    """Yield the chain of causes, the root first: its class is the most specific."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        current = current.__cause__ or current.__context__
    yield from reversed(seen)


def _describe_cause(cause: BaseException, error_type: str) -> str:
    """Return the message for a cause, without quoting the head of a reply (it may hold the key)."""
    name = type(cause).__name__
    if error_type == "protocol" and name not in {"HeadTooLargeError", "BrokenReplyError"}:
        return "the reply is not HTTP"
    if error_type == "deadline" and name != "OutOfFilesError":
        return "no whole answer came in time"
    if name == "ServerDisconnectedError":  # its own text quotes the head so far
        return "Server disconnected without sending a response."
    if name == "ClientPayloadError":
        return "the connection was closed before the whole answer had come"
    return _describe_exception(cause)


def _describe_exception(error: BaseException) -> str:
    cause = getattr(error, "os_error", None)  # aiohttp's own text shows connector settings
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    for each in (error, error.__cause__, *error.args):
        untrusted = getattr(each, "verify_message", None)  # of a certificate
        if untrusted:
            return f"its certificate is not trusted: {untrusted}. SSL_CERT_FILE=FILE trusts others"
    came = getattr(error, "doc", None)  # JSONDecodeError: the text that is not JSON
    if isinstance(came, str):
        return f"a piece of the stream is not JSON but: {page_text(came) or 'nothing'}"
    return re.sub(r" ssl:(<.*?>|\w+)", "", str(error)) or type(error).__name__
