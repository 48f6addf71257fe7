"""Corrupt a reply as its fault says, and send the raw bytes over the connection."""

import asyncio
import itertools
import socket
import struct
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from aiohttp import web

from ..faults.fault import Fault, Position, find_position
from .profiles import find_phrase
from .service import PendingResponse

_GZIP = 31  # wbits of zlib for the gzip format
_MAX_UNSENT = 2**20
# Seconds at any speed, so that the two halves arrive in separate reads.
_SPLIT_DELAY = 0.005
# Seconds for the client to read the bytes before a reset, which would discard them.
_RESET_DELAY = 0.02

TimedBytes: TypeAlias = tuple[float, bytes]
"""The time at which some bytes are sent, on the service's clock, and the bytes."""


class ConnectionClosed(Exception):  # noqa: N818 - it is not an error: the connection ends as it should
    """The reply was written to the raw connection, which is closing."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply before it is corrupted; `size` is that of the body, ``None`` for a stream."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterable[TimedBytes]
    size: int | None


async def send_corrupted(
    reply: Reply,
    fault: Fault,
    *,
    pending: PendingResponse,
    request: web.BaseRequest,
    finish: Callable[[PendingResponse], None],
) -> None:
    """Send a corrupted reply over the raw connection, then end the connection.

    Parameters
    ----------
    finish
        Called when everything is sent, if the connection stays open after that.

    Raises
    ------
    ConnectionClosed
        Always, once the connection is closing: aiohttp must not answer.
    """
    if request.transport is None:
        raise ConnectionResetError
    connection = _RawConnection(request.transport, pending)
    head, body = _frame(reply, fault)
    try:
        await connection.send(_schedule(head, body, fault, pending=pending), head_size=len(head))
    finally:
        is_status_sent = fault.has_status and connection.sent >= len(head)
        pending.record.status = reply.status if is_status_sent else None
    # Until the client gives up: the cancellation of this handler ends the wait.
    if fault.cut is not None and fault.then == "stall":
        await asyncio.Event().wait()
    if fault.linger:
        finish(pending)
        await asyncio.sleep(fault.linger / pending.speed)
    await connection.end(abruptly=fault.then == "reset")
    raise ConnectionClosed


def _frame(reply: Reply, fault: Fault) -> tuple[bytes, Iterable[TimedBytes]]:
    """Return the head of a reply, and its body as sent: compressed and chunked if need be."""
    if fault.head is not None or fault.cut == 0:
        return fault.head or b"", ()
    chunks, size = reply.chunks, reply.size
    if fault.shorten is not None:
        chunks = _truncate(list(chunks), fault.shorten)
        size = None if size is None else sum(len(data) for _, data in chunks)
    if fault.compressed:
        chunks, size = _compress(chunks), None
    is_chunked = fault.framing == "chunked" or size is None
    headers = {"connection": "close"}
    if is_chunked:
        headers["transfer-encoding"] = "chunked"
    else:
        headers["content-length"] = str(size)
    if fault.compressed:
        headers["content-encoding"] = "gzip"
    # The headers of the fault override the regular ones; an empty value removes one.
    headers |= {name.lower(): value for name, value in reply.headers.items()}
    lines = [f"HTTP/1.1 {reply.status} {find_phrase(reply.status)}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value]
    head = "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")
    return head, _write_chunks(chunks) if is_chunked else chunks


def _schedule(
    head: bytes, body: Iterable[TimedBytes], fault: Fault, *, pending: PendingResponse
) -> Iterable[TimedBytes]:
    """Return the timed bytes of head and body, slowed, cut or split as the fault says."""
    plan, speed = pending.plan, pending.speed
    rest = iter(body)
    first = next(rest, (plan.finished, b""))
    begins = plan.started if fault.trickle == "head" else first[0]
    heads: Iterable[TimedBytes] = [(begins, head)]
    chunks: Iterable[TimedBytes] = itertools.chain([first], rest)
    if fault.trickle == "body":
        chunks = _trickle(chunks, fault.pace / speed)
    whole: Iterable[TimedBytes] = itertools.chain(heads, chunks)
    if fault.trickle == "head":
        whole = _trickle(whole, fault.pace / speed)
    if fault.cut is not None:
        whole = _truncate(list(whole), fault.cut)
    return whole if fault.split is None else _split(list(whole), fault.split)


class _RawConnection:
    """The bare connection of a request."""

    def __init__(self, transport: asyncio.Transport, pending: PendingResponse) -> None:
        self._transport = transport
        self._pending = pending
        self.sent = 0

    async def send(self, chunks: Iterable[TimedBytes], *, head_size: int) -> None:
        """Send all bytes at their times, but no faster than the client reads."""
        pending, first_token = self._pending, self._pending.plan.first_token
        record = pending.record
        for due, data in chunks:
            await pending.wait_until(due)
            await self._wait_for_reader()
            if not data:
                continue
            self._transport.write(data)
            self.sent += len(data)
            now = pending.read_clock()
            record.first_byte = record.first_byte or now
            if first_token is not None and due >= first_token and self.sent > head_size:
                record.first_token = record.first_token or now

    async def end(self, *, abruptly: bool) -> None:
        """Close the connection, or reset it."""
        if not abruptly:
            self._transport.close()
            return
        # Polled, because aiohttp owns the protocol and gets its resume_writing.
        while self._transport.get_write_buffer_size():  # noqa: ASYNC110
            await asyncio.sleep(_SPLIT_DELAY)
        if self.sent:
            await asyncio.sleep(_RESET_DELAY)
        reset(self._transport)

    async def _wait_for_reader(self) -> None:
        await asyncio.sleep(0)
        while self._transport.get_write_buffer_size() > _MAX_UNSENT:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        if self._transport.is_closing():
            raise ConnectionResetError


def hang_up(transport: asyncio.Transport | None, fault: Fault) -> None:
    """End a connection at once: by a reset or a regular close, as the fault says."""
    if fault.then == "reset":
        reset(transport)
    elif transport is not None:
        transport.close()


def reset(transport: asyncio.Transport | None) -> None:
    """Reset a connection at once."""
    if transport is None or transport.is_closing():
        return
    # With SO_LINGER at zero, closing the socket sends RST instead of FIN.
    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    raw_socket = transport.get_extra_info("socket")
    raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


def _truncate(chunks: list[TimedBytes], position: Position) -> list[TimedBytes]:
    """Return the bytes before `position`."""
    left = find_position(position, size=sum(len(data) for _, data in chunks))
    kept = []
    for due, data in chunks:
        kept.append((due, data[:left]))
        left -= len(data)
        if left <= 0:
            break
    return kept


def _split(chunks: list[TimedBytes], position: Position) -> list[TimedBytes]:
    """Join the bytes and split them in two at `position`."""
    before = _truncate(chunks, position)
    whole = b"".join(data for _, data in chunks)
    size = sum(len(data) for _, data in before)
    return [(chunks[-1][0], whole[:size]), (chunks[-1][0] + _SPLIT_DELAY, whole[size:])]


def _trickle(chunks: Iterable[TimedBytes], pace: float) -> Iterator[TimedBytes]:
    moment = 0.0
    for due, data in chunks:
        for byte in data:
            moment = max(moment + pace, due)
            yield moment, bytes((byte,))


def _compress(chunks: Iterable[TimedBytes]) -> Iterator[TimedBytes]:
    compressor = zlib.compressobj(wbits=_GZIP)
    due = 0.0
    for due, data in chunks:
        yield due, compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield due, compressor.flush()


def _write_chunks(chunks: Iterable[TimedBytes]) -> Iterator[TimedBytes]:
    due = 0.0
    for due, data in chunks:
        if data:
            yield due, b"%x\r\n%b\r\n" % (len(data), data)
    yield due, b"0\r\n\r\n"
