"""A scripted environment: the test controls time, replies, the disk and the end of the process.

The runner and the openai client are real; only what is outside of the process is replaced: the
clock, the server behind the client's transport, and the system's `write`.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import selectors
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

from aiml_nb.endpoint import Endpoint
from aiml_nb.endpoint.transport.aio import GuardedAsyncClient
from aiml_nb.runner.pacing.clock import Clock

COMPLETION = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
CHUNK = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
JSON = {"content-type": "application/json"}
SSE = {"content-type": "text/event-stream"}


class ProcessKilledError(BaseException):
    """Stands for the end of the process: nothing after it happens."""


class SteppedLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is set by the test, and which stops when nothing is ready."""

    def __init__(self) -> None:
        super().__init__(_Selector(self))
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def run_until_idle(self) -> None:
        self.run_forever()


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self, loop: SteppedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout > 0:
            self._loop.stop()
        self._loop.now += 1e-6  # every iteration takes some time
        return super().select(0)


class SteppedClock(Clock):
    """A clock with the time of the loop."""

    def __init__(self, loop: SteppedLoop, seed: int) -> None:
        super().__init__(seed)
        self._loop = loop

    def now(self) -> float:
        return self._loop.now


@dataclass
class Exchange:
    """One request that the server has received, and its reply so far.

    Parameters
    ----------
    index, number
        The index of the call, and the number of the attempt.
    pieces
        The head, then the chunks of the body; an exception breaks the reply off, None ends it.
    """

    name: str
    stream: bool
    pieces: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    has_begun: bool = False

    @property
    def index(self) -> int:
        return int(self.name.split(".")[1])

    @property
    def number(self) -> int:
        return int(self.name.split(".")[2])

    def send(self, status: int, headers: dict[str, str], *body: Any) -> None:
        """Send a whole reply."""
        self.pieces.put_nowait((status, headers))
        self.end(*body)

    def begin(self, text: str) -> None:
        """Send the first chunk of a streamed answer."""
        self.has_begun = True
        self.pieces.put_nowait((200, SSE))
        self.pieces.put_nowait(_event(text, None))

    def end(self, *body: Any) -> None:
        for piece in (*body, None):
            self.pieces.put_nowait(piece)


class ScriptedServer(httpx2.AsyncBaseTransport):
    """Holds requests until the test answers them; outlives the simulated processes.

    Attributes
    ----------
    open
        The requests of the current process without a complete reply.
    asked
        The client request ids of all requests, in order.
    is_away
        True while connections are refused.
    """

    def __init__(self) -> None:
        self.open: dict[str, Exchange] = {}
        self.asked: list[str] = []
        self.is_cut_off = self.is_away = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.is_cut_off:
            raise ProcessKilledError
        if self.is_away:
            raise httpx2.ConnectError("connection refused")
        if request.method == "GET":
            return httpx2.Response(404)
        body = json.loads(await request.aread())
        exchange = Exchange(request.headers["x-client-request-id"], bool(body.get("stream")))
        self.asked.append(exchange.name)
        self.open[exchange.name] = exchange
        try:
            head = await exchange.pieces.get()
        except BaseException:
            self.open.pop(exchange.name, None)
            raise
        if isinstance(head, Exception):
            self.open.pop(exchange.name, None)
            raise head
        status, headers = head
        return httpx2.Response(status, headers=headers, stream=_Body(self, exchange))

    def count(self, run_index: int, since: int = 0) -> int:
        """Return how many requests a call has sent, from the `since`-th request on."""
        return sum(int(name.split(".")[1]) == run_index for name in self.asked[since:])

    def twice(self) -> list[str]:
        """Return the client request ids of more than one request."""
        return [name for name, count in Counter(self.asked).items() if count > 1]


class _Body(httpx2.AsyncByteStream):
    def __init__(self, server: ScriptedServer, exchange: Exchange) -> None:
        self._server = server
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await self._exchange.pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def aclose(self) -> None:
        self._server.open.pop(self._exchange.name, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedEndpoint(Endpoint):
    """An endpoint whose client talks to a `ScriptedServer`."""

    server: ScriptedServer

    def open_async(self, *, timeout: float = 120.0, max_connections: int = 1000) -> Any:
        from openai import AsyncOpenAI

        http = GuardedAsyncClient(transport=self.server)
        client = AsyncOpenAI(
            base_url=self.base_url, api_key="none", max_retries=0, timeout=None, http_client=http
        )
        client._platform = "Unknown"  # the client would ask for it in a thread
        return client


class ScriptedDisk:
    """Replaces `os` in the journal: the disk can be full, and the process can end during a write.

    Attributes
    ----------
    tears_at
        The fraction of the next line that is written before the process is killed.
    fills_at
        The fraction of the next line that is written before the disk is full.
    """

    def __init__(self) -> None:
        self.is_dead = False
        self.tears_at: float | None = None
        self.fills_at: float | None = None
        self.is_full = False
        self._handles: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, *arguments: Any) -> int:
        handle = os.open(*arguments)
        self._handles.append(handle)
        return handle

    def close(self, handle: int) -> None:
        if handle in self._handles:  # else `kill` has closed it
            self._handles.remove(handle)
            os.close(handle)

    def fsync(self, handle: int) -> None:
        if self.is_dead:
            raise ProcessKilledError

    def write(self, handle: int, data: bytes) -> int:
        if self.is_dead:
            raise ProcessKilledError
        if self.tears_at is not None:
            os.write(handle, data[: int(self.tears_at * len(data))])
            self.kill()
            raise ProcessKilledError
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.fills_at is not None:
            self.is_full = True
            return os.write(handle, data[: int(self.fills_at * len(data))])
        return os.write(handle, data)

    def kill(self) -> None:
        """End the process: the written data stays, the lock is released."""
        self.is_dead = True
        for handle in self._handles:
            os.close(handle)
        self._handles.clear()

    def restart(self) -> None:
        """Start a new process, with free space on the disk."""
        self.is_dead = self.is_full = False
        self.tears_at = self.fills_at = None


def answer(exchange: Exchange, text: str, usage: dict[str, int], finish_reason: str | None) -> None:
    """Send a whole answer, or the rest of one that has begun."""
    if not exchange.stream:
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": finish_reason,
        }
        body = json.dumps({**COMPLETION, "choices": [choice], "usage": usage}).encode()
        exchange.send(200, JSON, body)
        return
    if not exchange.has_begun:
        exchange.begin(text)
    last = b"data: " + json.dumps({**CHUNK, "choices": [], "usage": usage}).encode() + b"\n\n"
    done = (_event("", finish_reason), last, b"data: [DONE]\n\n") if finish_reason else ()
    exchange.end(*done)


def refuse(exchange: Exchange, status: int, message: str = "No.", **headers: str) -> None:
    """Send an error."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    exchange.send(status, JSON | named, json.dumps({"error": {"message": message}}).encode())


def _event(text: str, finish_reason: str | None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return b"data: " + json.dumps({**CHUNK, "choices": [choice]}).encode() + b"\n\n"
