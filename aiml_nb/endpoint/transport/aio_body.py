"""The body of a reply that aiohttp receives, as httpx2 reads it, decoded and limited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx2

from .body import Body
from .exchange import IncomingReply
from .guard import fix_charset


class ReplyBody(httpx2.AsyncByteStream):
    """The body of a reply, as httpx2 reads it."""

    def __init__(self, reply: aiohttp.ClientResponse | IncomingReply) -> None:
        self._reply = reply

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._reply.content.iter_chunked(2**14):
            yield chunk

    async def aclose(self) -> None:
        """Give the connection back; close it, unless the whole body was read."""
        self._reply.release()


class _GuardedAsyncStream(httpx2.AsyncByteStream):
    def __init__(self, response: httpx2.Response, body: Body) -> None:
        self._stream: Any = response.stream
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                for part in self._body.decode(chunk):
                    yield part
                if self._body.is_finished:
                    break
        except Exception:
            if not self._body.is_error:  # for an error the status is enough
                raise

    async def aclose(self) -> None:
        await self._stream.aclose()


def guard_body(response: httpx2.Response, *, by_event: bool) -> None:
    """Limit the size of a reply's body, and read it whatever it is labeled as."""
    response.stream = _GuardedAsyncStream(response, Body(response, by_event=by_event))
    fix_charset(response)
