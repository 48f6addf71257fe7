"""Reject requests of web pages, oversized or malformed bodies, and surplus connections."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import BodyPartReader, http_exceptions, web

from .refusals import Refusal
from .sockets import is_address, is_loopback

MAX_BODY = 1024 * 1024
"""The largest body that is read, in bytes."""

MAX_UPLOAD = 4 * 1024 * 1024
"""The same for a form with files."""

_MAX_PARTS = 64
_MAX_DIGITS = 12

# Seconds, at any speed, for a body to arrive; locally it takes milliseconds.
_BODY_TIMEOUT = 10.0

_CLIENT_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class BoundedServer(web.Server):
    """An aiohttp server that closes a new connection when it has too many."""

    def __init__(
        self,
        answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        *,
        max_connections: int,
        **options: Any,
    ) -> None:
        super().__init__(answer, **options)
        self._max_connections = max_connections

    def __call__(self) -> Any:
        """Make the protocol of a new connection."""
        has_room = len(self.connections) < self._max_connections
        return super().__call__() if has_room else _Closed()


class _Closed(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class HostGuard:
    """Rejects requests that a web page could send here, directly or by DNS rebinding."""

    def __init__(self, port: int, *, host: str = "127.0.0.1") -> None:
        names = ("127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host)
        self._hosts = frozenset(f"{name}:{port}" for name in names)
        self._origins = frozenset(f"http://{host}" for host in self._hosts)
        # A public server does not know its names, so any address is accepted, too. That is safe:
        # with DNS rebinding the Host header has the name of the web page, never an address.
        self._port = None if is_loopback(host) else port

    def check(self, request: web.BaseRequest) -> None:
        """Let a request in, or raise its refusal."""
        headers = request.headers
        if not self._knows(headers.get("Host", "").lower()) or len(headers.getall("Host")) > 1:
            raise Refusal(403, "The Host header does not name this server.", code="host")
        # Browsers send an Origin with every cross-site POST, and scripts send none.
        if headers.get("Origin", "").lower() not in ("", *self._origins):
            raise Refusal(403, "Other web pages may not call this server.", code="origin")
        if headers.get("Sec-Fetch-Site", "none").lower() not in ("none", "same-origin"):
            raise Refusal(403, "Other web pages may not call this server.", code="origin")

    def _knows(self, host: str) -> bool:
        name, _, port = host.rpartition(":")
        is_public = port == str(self._port) and is_address(name.strip("[]"))
        return host in self._hosts or is_public


def open_error_log() -> logging.Logger:
    """Return a logger for errors of this server only.

    Malformed requests are not logged: they are errors of the client, and the traceback would quote
    them, perhaps with a key.
    """
    logger = logging.getLogger(__name__)
    logger.addFilter(_is_server_error)
    return logger


def _is_server_error(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, http_exceptions.HttpProcessingError | web.RequestPayloadError)


async def read_json_body(request: web.BaseRequest) -> bytes:
    """Read a JSON body within the size limit.

    Raises
    ------
    Refusal
        If it is too large, too slow, broken, compressed, or of another type.
    """
    if request.content_type != "application/json":
        raise Refusal(
            415,
            "The Content-Type header must be application/json; "
            f"not {request.headers.get('Content-Type', '')[:100]!r}.",
            code="unsupported_content_type",
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refusal(415, "The body must not be compressed.", code="unsupported_encoding")
    # Refused by its declared size, before anything is read.
    if (request.content_length or 0) > MAX_BODY:
        raise _refuse_size()
    try:
        async with asyncio.timeout(_BODY_TIMEOUT):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise _refuse_size() from None
    except web.RequestPayloadError:
        raise Refusal(400, "The body is not what its headers say.") from None
    except TimeoutError:
        raise Refusal(408, "The body did not arrive in time.", code="request_timeout") from None


async def read_form(request: web.BaseRequest) -> dict[str, Any]:
    """Read a form with files within the size limit: texts by their names, and files as bytes.

    Raises
    ------
    Refusal
        As `read_json_body`.
    """
    if request.content_type != "multipart/form-data":
        raise Refusal(
            415,
            "The Content-Type header must be multipart/form-data; "
            f"not {request.headers.get('Content-Type', '')[:100]!r}.",
            code="unsupported_content_type",
        )
    if (request.content_length or 0) > MAX_UPLOAD:
        raise _refuse_size(MAX_UPLOAD)
    try:
        async with asyncio.timeout(_BODY_TIMEOUT):
            return await _read_parts(request)
    except (ValueError, AssertionError, web.RequestPayloadError):
        raise Refusal(400, "The body is not a form.") from None
    except TimeoutError:
        raise Refusal(408, "The body did not arrive in time.", code="request_timeout") from None


async def _read_parts(request: web.BaseRequest) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    size, count = 0, 0
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or not part.name or count >= _MAX_PARTS:
            raise ValueError("a part has no name, or parts of its own, or is one too many")
        count += 1
        data = bytearray()
        while chunk := await part.read_chunk():
            data += chunk
            size += len(chunk)
            if size > MAX_UPLOAD:
                raise _refuse_size(MAX_UPLOAD)
        fields[part.name] = bytes(data) if part.filename else _read_value(data.decode())
    return fields


def _read_value(text: str) -> Any:
    """Return a number for the text of one: forms have no types."""
    return int(text) if text.isdecimal() and len(text) < _MAX_DIGITS else text


def read_client_request_id(request: web.BaseRequest) -> str | None:
    """Return the client's own request id, if it is safe to send back in a header."""
    given = request.headers.get("X-Client-Request-Id")
    return given if given and _CLIENT_REQUEST_ID.fullmatch(given) else None


def read_attempt(request: web.BaseRequest) -> int | None:
    """Return the openai client's own count of retries, from 0."""
    given = request.headers.get("x-stainless-retry-count", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 6 else None


def _refuse_size(most: int = MAX_BODY) -> Refusal:
    return Refusal(
        413,
        f"The body is larger than {most} bytes.",
        code="request_too_large",
    )
