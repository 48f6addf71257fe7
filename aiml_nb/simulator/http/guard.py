"""Keeps out requests of web pages, oversized or malformed bodies, and surplus connections."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import http_exceptions, web

from .refusals import Refusal
from .sockets import is_address, is_loopback

MAX_BODY = 1024 * 1024
"""The largest body that is read, in bytes."""

# Real seconds for a body to arrive: on one machine it takes milliseconds.
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
    """Refuses what a web page or a rebound name could send to this address."""

    def __init__(self, port: int, *, host: str = "127.0.0.1") -> None:
        names = ("127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host)
        self._hosts = frozenset(f"{name}:{port}" for name in names)
        self._origins = frozenset(f"http://{host}" for host in self._hosts)
        # A public server cannot know its names. An address is safe as well: a web page can have
        # its name rebound to this machine, but no name in its Host header is an address.
        self._port = None if is_loopback(host) else port

    def check(self, request: web.BaseRequest) -> None:
        """Let a request in, or raise its refusal."""
        headers = request.headers
        if not self._knows(headers.get("Host", "").lower()) or len(headers.getall("Host")) > 1:
            raise Refusal(403, "The Host header does not name this server.", code="host")
        if headers.get("Origin", "").lower() not in ("", *self._origins):
            raise Refusal(403, "Other web pages may not call this server.", code="origin")
        if headers.get("Sec-Fetch-Site", "none").lower() not in ("none", "same-origin"):
            raise Refusal(403, "Other web pages may not call this server.", code="origin")

    def _knows(self, host: str) -> bool:
        name, _, port = host.rpartition(":")
        is_public = port == str(self._port) and is_address(name.strip("[]"))
        return host in self._hosts or is_public


def open_error_log() -> logging.Logger:
    """Open a log for this server's own faults only.

    Malformed requests are not logged: they are the client's fault, and the traceback would quote
    them, perhaps with a key.
    """
    logger = logging.getLogger(__name__)
    logger.addFilter(_is_server_error)
    return logger


def _is_server_error(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, http_exceptions.HttpProcessingError | web.RequestPayloadError)


async def read_json_body(request: web.BaseRequest) -> bytes:
    """Read a body that says it is JSON and is of a decent size.

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


def read_client_request_id(request: web.BaseRequest) -> str | None:
    """Give the caller's own id of the request, if it is fit to be sent back."""
    given = request.headers.get("X-Client-Request-Id")
    return given if given and _CLIENT_REQUEST_ID.fullmatch(given) else None


def read_attempt(request: web.BaseRequest) -> int | None:
    """Give the number of the attempt that the openai client says it is, from 0."""
    given = request.headers.get("x-stainless-retry-count", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 6 else None


def _refuse_size() -> Refusal:
    return Refusal(
        413,
        f"The body is larger than {MAX_BODY} bytes.",
        code="request_too_large",
    )
