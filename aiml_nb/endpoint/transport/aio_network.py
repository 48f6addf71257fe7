"""The connections of the async client: reused only if they are fit for the next request."""

from __future__ import annotations

import asyncio
import re
import select
from collections.abc import Callable
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from .environment import Proxy, ProxyFailedError
from .guard import (
    MAX_HEAD_BYTES,
    HeadTooLargeError,
    check_head_size,
    describe_os_error,
    note_reconnect,
)
from .open_files import RETRY_INTERVAL, OutOfFilesError, is_out_of_files, note_shortage
from .safe_errors import BrokenReplyError

_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d{1,18})[ \t]*(?:\r|\Z)")


class Protocol(ResponseHandler):
    """A connection that knows whether it is in use, and how much of a reply has arrived."""

    is_idle = False
    received = 0
    has_head = False
    head_received = 0

    def begin(self) -> None:
        """Expect a reply."""
        self.is_idle = self.has_head = False
        self.received = 0

    def mark_idle(self) -> None:
        """Expect nothing: the connection returns to the pool, or is closed."""
        self.is_idle = True

    @property
    def is_stale(self) -> bool:
        """True if it is closed, or holds bytes that would be taken for the next reply."""
        transport, parser = self.transport, self._parser
        if transport is None or parser is None or self.should_close:
            return True
        if parser.feed_eof() is not None:  # the beginning of another reply followed the last one
            return True
        return _is_readable(transport.get_extra_info("socket").fileno())

    def data_received(self, data: bytes) -> None:
        """Receive bytes; close a connection that gets some while it is idle."""
        if self.is_idle and data:
            self.close()
            return
        if not self.received:
            plain = _fix_content_length(data)
            if len(plain) < len(data):
                self.force_close()  # bytes beyond the length may follow: not reusable
            data = plain
        self.received += len(data)
        super().data_received(data)
        if not self.has_head and self.received > MAX_HEAD_BYTES:
            self.set_exception(HeadTooLargeError())
            self.close()

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """Fail with an exception that does not quote the reply, which may hold the key."""
        if isinstance(exc, HttpProcessingError):
            exc, cause = BrokenReplyError(str(cause[0] if cause else exc)), ()
        elif isinstance(exc, aiohttp.ServerDisconnectedError):
            exc, cause = aiohttp.ServerDisconnectedError(), ()
        super().set_exception(exc, *cause)

    def resume_reading(self, *options: Any, **more: Any) -> None:
        """Read on, if reading was paused: aiohttp asks for it after each piece that is read."""
        if self._reading_paused:
            super().resume_reading(*options, **more)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Receive a part of the body; the first means that the head is complete."""
        if not self.has_head:
            self.has_head, self.head_received = True, self.received
        super().feed_data(data, size)


class Request(aiohttp.ClientRequest):
    """A request that knows its connection."""

    protocol: Protocol
    is_reused = False
    is_retry = False

    def has_died_unanswered(self, error: BaseException) -> bool:
        """Say whether it was sent on a reused connection that the server was closing."""
        return self.is_reused and not self.protocol.received and not isinstance(error, TimeoutError)


async def resend_if_unanswered(request: Any, send: Any) -> aiohttp.ClientResponse:
    """Send a request; again on a new connection, if a reused one was closed before any reply.

    Every server closes idle connections, and a request may cross with that.
    """
    reply: aiohttp.ClientResponse | None = None
    try:
        reply = await send(request)
    except (aiohttp.ClientConnectionError, OSError) as error:
        if not request.has_died_unanswered(error):
            raise
    if reply is None:  # outside `except`: a second failure must not have the first as its context
        await request.close()
        note_reconnect()
        request.is_retry = True
        reply = await send(request)
    if request.protocol.head_received > MAX_HEAD_BYTES:
        check_head_size(reply.raw_headers)
    return reply


class Connector(aiohttp.TCPConnector):
    """Gives each request a usable connection, and waits while no file can be opened for one.

    Attributes
    ----------
    on_connected
        Called, in the task of a request, when that has its connection.
    """

    def __init__(self, proxy: Proxy | None, **settings: Any) -> None:
        super().__init__(**settings)
        self._via_proxy = proxy
        self.on_connected: Callable[[], None] | None = None
        self._factory: Any = partial(Protocol, loop=self._loop)

    async def connect(self, req: Any, *options: Any, **more: Any) -> Any:
        """Return a connection from the pool, or a new one."""
        while True:
            connection = await self._connect(req, *options, **more)
            protocol: Any = connection.protocol
            if protocol.is_idle and (req.is_retry or protocol.is_stale):
                connection.close()
                continue
            req.protocol, req.is_reused = protocol, protocol.is_idle
            protocol.begin()
            # GET is only used for the list of models. Calls should open connections of their own,
            # so that the time for that is in every record alike.
            if req.method == "GET":
                protocol.force_close()
            connection.add_callback(protocol.mark_idle)
            if self.on_connected is not None:
                self.on_connected()
            return connection

    async def _connect(self, req: Any, *options: Any, **more: Any) -> Any:
        while True:
            try:
                return await super().connect(req, *options, **more)
            except asyncio.CancelledError as error:
                if self._via_proxy:  # a deadline's failure is explained by its chain of causes
                    error.__context__ = self._via_proxy.fail("does not answer in time")
                raise
            except (aiohttp.ClientError, BrokenReplyError, OSError) as error:
                if not is_out_of_files(error):
                    proxy_error = self._via_proxy and _proxy_error(self._via_proxy, error, req.host)
                    if proxy_error:
                        raise proxy_error from None
                    raise
            note_shortage()
            try:
                raise OutOfFilesError
            # Raised so that a deadline during the sleep has it as its context, and is explained.
            except OutOfFilesError:
                await asyncio.sleep(RETRY_INTERVAL)


def _fix_content_length(data: bytes) -> bytes:
    """Repair the Content-Length in the first bytes of a reply, where it is repeated or wrong.

    Servers behind proxies send it twice, or beside chunks, and some send more bytes than they say.
    Browsers and httpcore2 accept that, aiohttp's parser does not.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    low = head.lower()
    lengths, has_chunks = low.count(b"\ncontent-length:"), b"\ntransfer-encoding:" in low
    only_length = _LENGTH.search(low) if lengths == 1 and not has_chunks else None
    if only_length:
        length = int(only_length[1])
        return data if len(body) <= length else head + end + body[:length]
    if not lengths:
        return data
    lines = head.split(b"\r\n")
    length_lines = [line for line in lines if line[:15].lower() == b"content-length:"]
    values = {value.strip() for line in length_lines for value in line[15:].split(b",")}
    if has_chunks or len(values) == 1:
        if not has_chunks:
            lines[lines.index(length_lines.pop(0))] = b"content-length: " + values.pop()
        for line in length_lines:
            lines.remove(line)
    return b"\r\n".join(lines) + end + body


def _proxy_error(proxy: Proxy, error: Exception, host: str) -> ProxyFailedError | None:
    """Return the error that blames the proxy, if it is why a connection failed."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return proxy.refuse(error.status, host)
    if isinstance(error, aiohttp.ClientConnectorError):
        at_server = error.host == host and not isinstance(error, aiohttp.ClientProxyConnectionError)
        return None if at_server else proxy.fail(f"does not answer ({describe_os_error(error)})")
    if isinstance(error, TimeoutError):
        return proxy.fail("does not answer in time")
    speaks = not isinstance(error, aiohttp.ClientResponseError | BrokenReplyError)
    return proxy.fail("hung up" if speaks else "does not speak HTTP")


def _is_readable(handle: int) -> bool:
    """Say whether a socket has bytes to read, or was closed by the peer."""
    if not hasattr(select, "poll"):
        return bool(select.select([handle], [], [], 0)[0])
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(0))
