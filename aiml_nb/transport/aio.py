"""The async client over aiohttp: as much of a reply as the blocking one bears, and one new start.

It comes to four times as many calls a second as httpx2's own way.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections.abc import AsyncIterator
from functools import lru_cache, partial
from typing import Any

import aiohttp
import httpx2
from aiohttp.client_proto import ResponseHandler

from .environment import Proxy
from .guard import (
    KEEP_ALIVE,
    MOST_HEAD_BYTES,
    PLAIN_REPLY,
    Cap,
    HeadTooLargeError,
    check_head,
    describe_os_error,
    note_reconnect,
    refuse_encoded,
)
from .open_files import PAUSE, OutOfFilesError, is_shortage, note_shortage

_UNTIMED = aiohttp.ClientTimeout()
_read_url = lru_cache(maxsize=8)(httpx2.URL)


class GuardedAsyncClient(httpx2.AsyncClient):
    """An async client whose replies are capped and plain."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"trust_env": False, "headers": PLAIN_REPLY} | settings)
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
            refuse_encoded(response)
            if not stream:
                await response.aread()
        except BaseException:
            await response.aclose()
            raise
        return response


class Transport(httpx2.AsyncBaseTransport):
    """Carries requests over aiohttp.

    Parameters
    ----------
    certificates
        What a server is checked with; None where nothing is encrypted.
    proxy
        What requests go through.
    max_connections
        The most connections at one moment.
    """

    def __init__(
        self, certificates: ssl.SSLContext | None, proxy: Proxy | None, *, max_connections: int
    ) -> None:
        self._certificates = certificates
        self._proxy = proxy
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._session is None:  # it belongs to the loop that runs
            self._session = self._open()
        limits = request.extensions.get("timeout")
        reply = await self._session.request(
            request.method,
            str(request.url),
            headers=request.headers,
            data=request.content or None,
            allow_redirects=False,
            auto_decompress=False,
            timeout=_read_timeout(limits) if limits else _UNTIMED,
            proxy=self._proxy and self._proxy.url,
            proxy_headers=self._proxy and self._proxy.headers,
        )
        return httpx2.Response(
            reply.status, headers=reply.raw_headers, stream=_Body(reply), request=request
        )

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=_Connector(
                self._proxy,
                limit=self._max_connections,
                keepalive_timeout=KEEP_ALIVE,
                ssl=self._certificates or True,
            ),
            request_class=_Request,
            middlewares=(_send_again,),
            cookie_jar=aiohttp.DummyCookieJar(),  # httpx2 keeps them
            max_line_size=MOST_HEAD_BYTES,
            max_field_size=MOST_HEAD_BYTES,
            max_headers=MOST_HEAD_BYTES,
        )


class _Protocol(ResponseHandler):
    """A connection that knows whether it is in use, and what has come since."""

    is_idle = False
    received = 0
    has_head = False
    head_received = 0

    def begin(self) -> None:
        """Expect a reply."""
        self.is_idle = self.has_head = False
        self.received = 0

    def rest(self) -> None:
        """Expect nothing: the connection goes back to the pool, or is closed."""
        self.is_idle = True

    @property
    def is_stale(self) -> bool:
        """True if it is closed, or holds what would be taken for the answer to the next request."""
        transport, parser = self.transport, self._parser
        if transport is None or parser is None or self.should_close:
            return True
        if parser.feed_eof() is not None:  # the beginning of another reply came with the last one
            return True
        return _is_readable(transport.get_extra_info("socket").fileno())

    def data_received(self, data: bytes) -> None:
        """Take what comes; nothing may while nobody has asked."""
        if self.is_idle and data:
            self.close()
            return
        if not self.received:
            data = _with_one_length(data)
        self.received += len(data)
        super().data_received(data)
        if not self.has_head and self.received > MOST_HEAD_BYTES:
            self.set_exception(HeadTooLargeError())
            self.close()

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Take the head of a reply, once all of it has come."""
        if not self.has_head:
            self.has_head, self.head_received = True, self.received
        super().feed_data(data, size)


class _Request(aiohttp.ClientRequest):
    """A request that knows the connection it went over."""

    protocol: _Protocol
    is_reused = False
    is_again = False

    def has_died_unanswered(self, error: BaseException) -> bool:
        """Say whether it met a used connection that its server was closing."""
        return self.is_reused and not self.protocol.received and not isinstance(error, TimeoutError)


async def _send_again(request: Any, send: Any) -> aiohttp.ClientResponse:
    """Send a request, once more on a new connection if it died unanswered on a used one."""
    reply: aiohttp.ClientResponse | None = None
    try:
        reply = await send(request)
    except (aiohttp.ClientConnectionError, OSError) as error:
        if not request.has_died_unanswered(error):
            raise
    if reply is None:  # not above, where what follows would have this death for its cause
        await request.close()
        note_reconnect()
        request.is_again = True
        reply = await send(request)
    if request.protocol.head_received > MOST_HEAD_BYTES:
        check_head(reply.raw_headers)
    return reply


class _Connector(aiohttp.TCPConnector):
    """Gives each request a connection that is fit for it, once the system has a file for one."""

    def __init__(self, proxy: Proxy | None, **settings: Any) -> None:
        super().__init__(**settings)
        self._through = proxy
        self._factory = partial(_Protocol, loop=self._loop)

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        """Take one out of the pool, or make one."""
        while True:
            connection = await self._connect(req, traces, timeout)
            protocol: Any = connection.protocol
            if protocol.is_idle and (req.is_again or protocol.is_stale):
                connection.close()
                continue
            req.protocol, req.is_reused = protocol, protocol.is_idle
            protocol.begin()
            if req.method == "GET":  # a look round: each call's connection is to be its own
                protocol.force_close()
            connection.add_callback(protocol.rest)
            return connection

    async def _connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        while True:
            try:
                return await super().connect(req, traces, timeout)
            except (aiohttp.ClientError, OSError) as error:
                if not is_shortage(error):
                    if self._through is None:
                        raise
                    raise _blame(self._through, error, req.host) from error
            note_shortage()
            try:
                raise OutOfFilesError
            except OutOfFilesError:  # the cause of a deadline that comes in here
                await asyncio.sleep(PAUSE)


class _Body(httpx2.AsyncByteStream):
    """The body of a reply, as httpx2 takes it."""

    def __init__(self, reply: aiohttp.ClientResponse) -> None:
        self._reply = reply

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._reply.content.iter_chunked(2**14):
            yield piece

    async def aclose(self) -> None:
        self._reply.release()


class _CappedAsyncStream(httpx2.AsyncByteStream):
    def __init__(self, response: httpx2.Response, *, by_event: bool) -> None:
        self._stream: Any = response.stream
        self._cap = Cap(by_event=by_event)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._cap.count(piece)
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


def _with_one_length(data: bytes) -> bytes:
    """Leave one length of several in the beginning of a reply, and none beside chunks.

    Servers behind proxies tell it twice; httpcore2 and browsers bear that, aiohttp's parser does
    not.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    low = head.lower()
    lengths, has_chunks = low.count(b"\ncontent-length:"), b"\ntransfer-encoding:" in low
    if lengths + has_chunks < 2:
        return data
    lines = head.split(b"\r\n")
    told = [line for line in lines if line[:15].lower() == b"content-length:"]
    if has_chunks or len({line[15:].strip() for line in told}) == 1:
        spare = told if has_chunks else told[1:]
        for line in spare:
            lines.remove(line)
    return b"\r\n".join(lines) + end + body


def _read_timeout(limits: dict[str, float | None]) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        connect=limits.get("pool"),
        sock_connect=limits.get("connect"),
        sock_read=limits.get("read"),
    )


def _blame(proxy: Proxy, error: Exception, host: str) -> Exception:
    """Return what a failed connection is to be called: the proxy's fault, or the server's."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return proxy.refuse(error.status, host)
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientConnectorDNSError):
        return proxy.fail(f"does not answer ({describe_os_error(error)})")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError):
        return error if error.host == host else proxy.fail("does not answer (TLS)")
    if isinstance(error, TimeoutError):
        return proxy.fail("does not answer in time")
    return proxy.fail(
        "does not speak HTTP" if isinstance(error, aiohttp.ClientResponseError) else "hung up"
    )


def _is_readable(handle: int) -> bool:
    """Say whether there is something to read from an open file, its end included."""
    if not hasattr(select, "poll"):
        return bool(select.select([handle], [], [], 0)[0])
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(0))
