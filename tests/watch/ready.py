"""Replies that are there at once, without a network: what a call takes is its processor time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2

WORD = "word "
CHUNKS = 200
URL = "http://127.0.0.1:9/v1"
JSON, STREAM = {"content-type": "application/json"}, {"content-type": "text/event-stream"}
USAGE = {"prompt_tokens": 7, "completion_tokens": 60, "total_tokens": 67}


def make_body(text: str) -> bytes:
    """Return a whole answer."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    told = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
    return json.dumps({**told, "choices": [choice], "usage": USAGE}).encode()


def make_chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
    """Return an event of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    told = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps({**told, "choices": [choice]}).encode() + b"\n\n"


BODY = make_body(WORD * 60)
EVENTS = (
    *(make_chunk({"content": WORD}) for _ in range(CHUNKS)),
    *(make_chunk({}, "stop"), b"data: [DONE]\n\n"),
)


class _Events(httpx2.AsyncByteStream, httpx2.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        return iter(EVENTS)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for event in EVENTS:
            await asyncio.sleep(0)  # as if it came over a network, the loop's other tasks go on
            yield event


class ReadyTransport(httpx2.AsyncBaseTransport, httpx2.BaseTransport):
    """Answers every request at once: with `EVENTS` if a stream is asked for, else with a body.

    Parameters
    ----------
    body
        The body.
    """

    def __init__(self, body: bytes = BODY) -> None:
        self._body = body

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if b'"stream":true' in request.content.replace(b" ", b""):
            return httpx2.Response(200, headers=STREAM, stream=_Events())
        return httpx2.Response(200, headers=JSON, content=self._body)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)
        return self.handle_request(request)
