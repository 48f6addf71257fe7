"""Send a request whose bytes are ready over a connection of aiohttp's, and read the reply.

An aiohttp session prepares headers, timers, cookies and a task for each request. Where all of them
are known before, that is most of what it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import aiohttp
import httpx2

from .aio_network import Connector, Protocol, Request, resend_if_unanswered
from .guard import MAX_HEAD_BYTES, SizeLimit

_UNTIMED = aiohttp.ClientTimeout()
_PARSING: dict[str, Any] = {
    "read_until_eof": True,
    "auto_decompress": False,
    "max_line_size": MAX_HEAD_BYTES,
    "max_field_size": MAX_HEAD_BYTES,
    "max_headers": MAX_HEAD_BYTES,
}


class ReadyRequest(Request):
    """A request as the connector knows it, and the bytes that are sent for it."""

    data: bytes

    def with_data(self, data: bytes) -> ReadyRequest:
        """Return a request to the same address with other bytes."""
        other = object.__new__(ReadyRequest)
        other.__dict__.update(self.__dict__)
        other.data = data
        return other


class IncomingReply:
    """A reply whose head has arrived.

    Attributes
    ----------
    content
        The body, as aiohttp reads it.
    """

    __slots__ = ("_connection", "_limit", "content", "headers", "raw_headers", "status")

    def __init__(self, message: Any, content: aiohttp.StreamReader, connection: Any) -> None:
        self.status: int = message.code
        self.raw_headers = message.raw_headers
        self.headers = message.headers
        self.content = content
        self._connection = connection
        content.on_eof(connection.release)

    def limit(self, *, by_event: bool) -> None:
        """Set the limit of the body's size, before it is read."""
        self._limit = SizeLimit(by_event=by_event)

    async def read(self) -> bytes:
        """Return what has arrived of the body, nothing at its end.

        Raises
        ------
        ReplyTooLargeError
            If there is more of it than the limit.
        """
        data = await self.content.readany()
        if data:
            self._limit.count(data)
        return data

    async def read_all(self) -> bytes:
        """Return the whole body; raises as `read`."""
        data = await self.read()
        if self.content.at_eof():  # nearly always: the body is there with the head
            return data
        pieces = [data]
        while data := await self.read():
            pieces.append(data)
        return b"".join(pieces)

    def release(self) -> None:
        """Give the connection back; close it, unless the whole body was read."""
        self._connection.release()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class ReplyHeaders(Mapping[str, str]):
    """The headers of a reply as httpx2 has them, built only if they are looked at closely.

    Parameters
    ----------
    reply
        The reply.
    """

    __slots__ = ("_all", "_headers", "_raw")

    def __init__(self, reply: IncomingReply) -> None:
        self._headers, self._raw = reply.headers, reply.raw_headers
        self._all: httpx2.Headers | None = None

    def get(self, name: str, default: Any = None) -> Any:
        """Return a header, several of the name joined by commas."""
        values = self._headers.getall(name, None)
        if values is None:
            return default
        # What is not ASCII is decoded in httpx2's way, which does not let surrogates in.
        if len(values) == 1 and values[0].isascii():
            return values[0]
        return self._whole.get(name, default)

    def __getitem__(self, name: str) -> str:
        return self._whole[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)

    @property
    def _whole(self) -> httpx2.Headers:
        if self._all is None:
            self._all = httpx2.Headers(self._raw)
        return self._all


async def exchange(connector: Connector, request: ReadyRequest) -> IncomingReply:
    """Send `request` and wait for the head of the reply.

    Raises
    ------
    aiohttp.ClientError
        As an aiohttp session.
    """

    async def send(request: ReadyRequest) -> IncomingReply:
        connection = await connector.connect(request, traces=[], timeout=_UNTIMED)
        try:
            return await _send(request, connection)
        except BaseException:
            connection.close()
            raise

    try:
        return cast(IncomingReply, await resend_if_unanswered(request, send))
    except OSError as error:
        if isinstance(error, aiohttp.ClientError | TimeoutError):
            raise
        raise aiohttp.ClientOSError(*error.args) from error


async def _send(request: ReadyRequest, connection: Any) -> IncomingReply:
    protocol: Protocol = connection.protocol
    protocol.set_response_params(**_PARSING)
    transport = protocol.transport
    if transport is None or transport.is_closing():
        raise aiohttp.ServerDisconnectedError
    transport.write(request.data)
    while True:
        message, content = await protocol.read()
        if message.code > 199 or message.code == 101:  # else it only says that more will come
            return IncomingReply(message, content, connection)
