"""Post a request as the openai client would, once it is known how that is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx2

from .aio_body import ReplyBody, guard_body
from .exchange import IncomingReply, ReadyRequest, ReplyHeaders


class WholeReply(NamedTuple):
    """A reply that has arrived."""

    headers: Mapping[str, str]
    content: bytes


class StreamedReply:
    """A reply that arrives.

    Parameters
    ----------
    headers
        Its headers.
    read
        Returns some bytes of its body, none at the end.
    """

    __slots__ = ("headers", "read")

    def __init__(self, headers: Mapping[str, str], read: Any) -> None:
        self.headers, self.read = headers, read

    @classmethod
    def of(cls, response: httpx2.Response) -> StreamedReply:
        """Return a reply that httpx2 reads."""
        pieces = response.aiter_bytes()
        return cls(response.headers, lambda: anext(pieces, b""))


class ReadyPost(NamedTuple):
    """A request that need not be built.

    Parameters
    ----------
    send
        Sends it and waits for the head of the reply.
    request
        The request.
    """

    send: Callable[[ReadyRequest], Awaitable[IncomingReply]]
    request: ReadyRequest

    async def read(self) -> WholeReply:
        """Send it and wait for the whole reply.

        Raises
        ------
        StatusError
            If the reply has an error's status.
        Exception
            Else what the client's ``post`` raises.
        """
        reply = await self.send(self.request)
        try:
            if not _is_usual(reply):
                response = await _open_unusual(reply, by_event=False)
                return WholeReply(response.headers, await response.aread())
            reply.limit(by_event=False)
            return WholeReply(ReplyHeaders(reply), await reply.read_all())
        except BaseException:
            reply.close()
            raise

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[StreamedReply]:
        """Send it and give the reply as it arrives; raises as `read`."""
        reply = await self.send(self.request)
        try:
            if not _is_usual(reply):
                yield StreamedReply.of(await _open_unusual(reply, by_event=True))
            else:
                reply.limit(by_event=True)
                yield StreamedReply(ReplyHeaders(reply), reply.read)
        finally:
            reply.release()


class StatusError(Exception):
    """A reply with an error's status; like the openai client's exception for it.

    Parameters
    ----------
    response
        The reply, read.
    """

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__(f"Error code: {response.status_code}")
        self.response, self.status_code = response, response.status_code


async def _open_unusual(reply: IncomingReply, *, by_event: bool) -> httpx2.Response:
    """Return a reply that is compressed as httpx2 has it; raise StatusError for an error."""
    response = httpx2.Response(reply.status, headers=reply.raw_headers, stream=ReplyBody(reply))
    guard_body(response, by_event=by_event)
    if not response.is_success:
        await response.aread()
        raise StatusError(response)
    return response


def _is_usual(reply: IncomingReply) -> bool:
    return 200 <= reply.status < 300 and "content-encoding" not in reply.headers
