"""A local HTTP server that answers after a delay and remembers when it was asked."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from types import TracebackType

from aiohttp import web

from ..waiting import take, wait_until

CALLS = """
import asyncio
from tests.waiting import block, never, take

async def call():
    reader, writer = await asyncio.open_connection("127.0.0.1", {port})
    try:
        writer.write(b"GET / HTTP/1.1\\r\\nHost: here\\r\\nConnection: close\\r\\n\\r\\n")
        answers.append(await reader.read())
    finally:
        writer.close()

async def caller():
    while True:
        await call()

answers = []

async def at_work():
    answers.clear()
    while len(answers) < 8:
        await take(0.01)
    print("at work", flush=True)

async def main():
    await asyncio.gather(at_work(), *(caller() for _ in range(4)))

async def blocking():
    callers = [asyncio.create_task(caller()) for _ in range(4)]
    await at_work()
    while True:
        pass

async def sleeping():
    callers = [asyncio.create_task(caller()) for _ in range(4)]
    await at_work()
    block(60)

async def stubborn():
    callers = [asyncio.create_task(caller()) for _ in range(4)]
    while True:
        try:
            await never()
        except asyncio.CancelledError:
            print("not me")

def left():
    names = ("caller", "at_work", "main", "blocking", "sleeping", "stubborn")
    return sum(task.get_coro().__name__ in names for task in asyncio.all_tasks())
"""


ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 0,
    "model": "none",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}
    ],
}


class Server:
    """The server in a thread of its own; `requests` holds the time of each request.

    Parameters
    ----------
    delay
        Seconds until it answers.
    refuses
        Answer each call with a 429 and the hint to come back in a minute.
    is_silent
        Never answer ``GET /models``, which a run asks for first.
    """

    def __init__(
        self, *, delay: float = 0.05, refuses: bool = False, is_silent: bool = False
    ) -> None:
        self.delay = delay
        self.refuses = refuses
        self.is_silent = is_silent
        self.requests: list[float] = []
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Server:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def calls(self) -> str:
        """The cell that defines the coroutines calling this server."""
        return CALLS.format(port=self.port)

    def wait_for_requests(self, count: int, *, timeout: float = 10) -> bool:
        """Wait until so many requests have come; tell whether they have."""
        with suppress(AssertionError):
            wait_until(lambda: len(self.requests) >= count, patience=timeout)
        return len(self.requests) >= count

    def count_after(self, moment: float) -> int:
        """Count the requests that came after `moment`."""
        return sum(request > moment for request in self.requests)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        application = web.Application()
        application.router.add_get("/", self._answer)
        application.router.add_get("/v1/models", self._list_models)
        application.router.add_post("/v1/chat/completions", self._answer)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests.append(time.monotonic())
        if self.refuses:
            return web.json_response({"error": {}}, status=429, headers={"retry-after": "60"})
        await take(float(request.query.get("seconds", self.delay)))
        return web.json_response(ANSWER)

    async def _list_models(self, request: web.Request) -> web.Response:
        if self.is_silent:
            self.requests.append(time.monotonic())
            await self._stop.wait()
        raise web.HTTPNotFound
