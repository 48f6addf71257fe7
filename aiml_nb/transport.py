"""The guard around the client's HTTP: a deadline that fires, a cap, no redirects, no packed bodies.

The only file that may import httpx2, on which the openai client sits. Its read timeouts count
from one received piece to the next, so a server that trickles bytes is never too late: here the
timeout is the whole exchange's. Async calls have ``asyncio.timeout`` for that; for blocking ones
a timer shuts the connection's socket.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpx2
from openai import DefaultAioHttpClient

# An answer is asked for unpacked: a reply of a few kilobytes that unpacks to gigabytes is no risk.
PLAIN_REPLY = {"Accept-Encoding": "identity"}
# A whole reply, or one event of a stream, may have this many bytes. The longest real answers are
# below 1 MB; what is read counts several times over in memory.
MOST_BYTES = 8 * 2**20

Reply = httpx2.Response  # asked for from the client where its models of a reply are not wanted


class ReplyTooLargeError(Exception):
    """A reply, or one event of a stream, is larger than `MOST_BYTES`."""


class EncodedReplyError(Exception):
    """A reply is compressed although it was asked for unpacked."""


class DeadlineError(TimeoutError):
    """The whole exchange took longer than its timeout."""


def is_loopback(url: str) -> bool:
    """Say whether `url` names this machine itself."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def open_http(base_url: str) -> GuardedClient:
    """Return a blocking HTTP client for calls to `base_url`, one at a time.

    Proxy settings and certificates of the environment are used, unless `base_url` is this machine
    itself: proxies would carry the calls, and the key, away from it.
    """
    return GuardedClient(**_settings(base_url, max_connections=1))


def open_async_http(base_url: str, *, max_connections: int) -> httpx2.AsyncClient:
    """Return the async HTTP client, over aiohttp; otherwise as `open_http`.

    Parameters
    ----------
    max_connections
        The most connections at one moment.
    """
    _allow_files(max_connections + 100)
    return GuardedAsyncClient(**_settings(base_url, max_connections=max_connections))


def _settings(base_url: str, *, max_connections: int) -> dict[str, Any]:
    return {
        "base_url": base_url,
        "limits": httpx2.Limits(
            max_connections=max_connections, max_keepalive_connections=max_connections
        ),
        "follow_redirects": False,
        "trust_env": not is_loopback(base_url),
        "verify": _trusted_certificates(),
        "headers": PLAIN_REPLY,
    }


def _allow_files(count: int) -> None:
    """Raise this process's soft limit of open files: some systems begin with 256."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@cache
def _trusted_certificates() -> ssl.SSLContext:
    """Read the certificates once: it takes 40 ms, and each thread has a client of its own."""
    return httpx2.create_ssl_context()


class _Exchange:
    """One request and its reply over the client's one connection, and the clock that ends it.

    Parameters
    ----------
    client
        Whose connection is shut when the time is over.
    request
        Its read timeout, in seconds, is taken for the whole exchange's.
    """

    def __init__(self, client: GuardedClient, request: httpx2.Request) -> None:
        self._client = client
        self.is_late = False
        seconds = request.extensions.get("timeout", {}).get("read")
        self._timer = None if seconds is None else threading.Timer(seconds, self._cut)
        if self._timer:
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        if self._timer:
            self._timer.cancel()

    def check(self, cause: BaseException | None = None) -> None:
        """Raise DeadlineError if the time was over, whatever it made the connection look like."""
        if self.is_late:
            raise DeadlineError("the whole exchange took too long") from cause

    def _cut(self) -> None:
        self.is_late = True
        self._client.cut()


class GuardedClient(httpx2.Client):
    """A client with one connection, whose socket it knows."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.socket: socket.socket | None = None

    def send(
        self, request: httpx2.Request, *, stream: bool = False, **options: Any
    ) -> httpx2.Response:
        """Send as httpx2 does; the read timeout is the whole exchange's."""
        request.extensions["trace"] = self._note_socket
        exchange = _Exchange(self, request)
        try:
            response = super().send(request, stream=True, **options)
            response.stream = _GuardedStream(response, exchange, by_event=stream)
            try:
                _refuse_encoded(response)
                if not stream:
                    response.read()
            except BaseException:
                response.close()
                raise
        except BaseException as error:
            exchange.end()
            if isinstance(error, Exception):
                exchange.check(error)
            raise
        return response

    def cut(self) -> None:
        """Break the connection off; whoever waits for it sees an error."""
        if self.socket is not None:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)

    def _note_socket(self, event: str, info: dict[str, Any]) -> None:
        # A connection that is used again gives no such event.
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self.socket = info["return_value"].get_extra_info("socket")


class _GuardedStream(httpx2.SyncByteStream):
    """The body of a reply, capped, and cut off with its exchange."""

    def __init__(self, response: httpx2.Response, exchange: _Exchange, *, by_event: bool) -> None:
        self._stream: Any = response.stream
        self._exchange = exchange
        self._cap = _Cap(by_event=by_event)

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._stream:
                self._cap.count(piece)
                yield piece
        except Exception as error:
            self._exchange.check(error)
            raise
        # A socket that was shut looks like the regular end of a body without a length.
        self._exchange.check()

    def close(self) -> None:
        self._exchange.end()
        self._stream.close()


class GuardedAsyncClient(DefaultAioHttpClient):
    """An async client whose replies are capped and plain."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._defaults = dict(self.headers)

    def build_request(
        self,
        method: str,
        url: httpx2.URL | str,
        *,
        content: Any = None,
        headers: Any = None,
        **parts: Any,
    ) -> httpx2.Request:
        """Build a request as httpx2 does, but read the same address only once.

        A run's has no parts to be merged with those of this client: that took as long as all else.
        """
        url = _read_url(str(url))
        # Without a timeout of its own a request has the client's: that is merged, too.
        merges = "timeout" not in parts or any(part is not None for part in parts.values())
        if merges or self.cookies:
            return super().build_request(method, url, content=content, headers=headers, **parts)
        own = {name.lower(): value for name, value in dict(headers or ()).items()}
        return httpx2.Request(method, url, content=content, headers=self._defaults | own)

    async def send(
        self, request: httpx2.Request, *, stream: bool = False, **options: Any
    ) -> httpx2.Response:
        """Send as httpx2 does."""
        response = await super().send(request, stream=True, **options)
        response.stream = _CappedAsyncStream(response, by_event=stream)
        try:
            _refuse_encoded(response)
            if not stream:
                await response.aread()
        except BaseException:
            await response.aclose()
            raise
        return response


_read_url = lru_cache(maxsize=8)(httpx2.URL)


class _CappedAsyncStream(httpx2.AsyncByteStream):
    def __init__(self, response: httpx2.Response, *, by_event: bool) -> None:
        self._stream: Any = response.stream
        self._cap = _Cap(by_event=by_event)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._cap.count(piece)
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Cap:
    """Counts bytes: of the whole body, or of a stream's current line."""

    __slots__ = ("_by_event", "_bytes")

    def __init__(self, *, by_event: bool) -> None:
        self._by_event = by_event
        self._bytes = 0

    def count(self, piece: bytes) -> None:
        line_end = piece.rfind(b"\n") if self._by_event else -1
        self._bytes = self._bytes + len(piece) if line_end < 0 else len(piece) - line_end - 1
        if self._bytes > MOST_BYTES:
            raise ReplyTooLargeError(f"the reply has more than {MOST_BYTES // 2**20} MiB")


def _refuse_encoded(response: httpx2.Response) -> None:
    encoding = response.headers.get("content-encoding", "identity")
    if encoding.strip().lower() not in {"", "identity"}:
        raise EncodedReplyError(f"the reply is encoded as {encoding[:40]!r}, not plain")
