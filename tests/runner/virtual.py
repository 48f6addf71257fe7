"""Virtual time: the event loop jumps to the next timer, so that hours of a run take seconds.

The runner, the openai client and the plain loop over it that users write are real. Only the clock
and the server behind the client's transport are replaced, so that the waiting which a policy causes
is measured, independently of the machine.
"""

from __future__ import annotations

import asyncio
import json
import random
import selectors
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import httpx2

from aiml_nb.endpoint import Endpoint
from aiml_nb.endpoint.keys import ApiKey
from aiml_nb.endpoint.transport.aio import GuardedAsyncClient
from aiml_nb.records import Run
from aiml_nb.runner.execute import execute_async
from aiml_nb.runner.plan import make_plan

from ..waiting import take
from .scripted import COMPLETION, SteppedClock

T = TypeVar("T")
BASE_URL = "http://127.0.0.1:9/v1"


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits: its time jumps to the next timer."""

    def __init__(self) -> None:
        super().__init__(_Selector(self))
        self.now = 0.0

    def time(self) -> float:
        return self.now


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if timeout and not found:
            self._loop.now += timeout
        return found


@dataclass
class Window:
    """A rate limit: at most `most` requests per `seconds`, counted in one of three ways."""

    most: int
    seconds: float = 60.0
    kind: Literal["sliding", "fixed", "bucket"] = "sliding"
    taken: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        """Return the seconds until one more fits; count it if that is 0."""
        gap = self.seconds / self.most
        if self.kind == "bucket":  # the generic cell rate algorithm
            due = max(self.taken[-1] if self.taken else 0.0, now) + gap
            if due - now > self.seconds + 1e-9:
                return due - now - self.seconds
            self.taken.append(due)
            self.taken = deque(self.taken, maxlen=1)
            return 0.0
        begin = now - self.seconds if self.kind == "sliding" else now // self.seconds * self.seconds
        while self.taken and (
            self.taken[0] <= begin if self.kind == "sliding" else self.taken[0] < begin
        ):
            self.taken.popleft()
        if len(self.taken) < self.most:
            self.taken.append(now)
            return 0.0
        if self.kind == "sliding":
            return self.taken[0] + self.seconds - now
        return begin + self.seconds - now


@dataclass
class VirtualServer(httpx2.AsyncBaseTransport):
    """A server that takes `duration` seconds for an answer and 2 ms for a refusal.

    Parameters
    ----------
    shares
        The share of requests that get a refusal, by its status, or status and ``retry-after``
        ("429:1").
    allowed
        The most requests in service; others get a 429 without Retry-After.
    window
        A rate limit.
    tells
        Send a Retry-After when the rate limit is used up.
    away
        Begin and end of an outage: connections are refused, and open ones break.
    """

    duration: Callable[[random.Random], float] = lambda draw: draw.uniform(0.06, 0.14)
    shares: dict[str, float] = field(default_factory=dict)
    allowed: int | None = None
    window: Window | None = None
    tells: bool = True
    away: tuple[float, float] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)  # noqa: S311
        self.in_service = self.most_in_service = 0
        self.served_seconds = 0.0
        self.sent: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.refused_connections = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        now = asyncio.get_running_loop().time()
        if self._is_away(now):
            self.refused_connections += 1
            await take(0.001)
            raise httpx2.ConnectError("connection refused")
        if request.method == "GET":
            return httpx2.Response(200, json={"data": [{"id": "m"}]})
        self.sent.append(now)
        status, headers = self._judge(now)
        self.statuses[status] += 1
        if status != 200:
            await take(0.002)
            return httpx2.Response(status, headers=headers, json={"error": {"message": "No."}})
        return await self._serve(now)

    def _judge(self, now: float) -> tuple[int, dict[str, str]]:
        lot = self._draw.random()
        for refusal, share in self.shares.items():
            lot -= share
            if lot < 0:
                status, _, seconds = refusal.partition(":")
                return int(status), {"retry-after": seconds} if seconds else {}
        if self.allowed is not None and self.in_service >= self.allowed:
            return 429, {}
        wait = self.window.wait(now) if self.window else 0.0
        if wait:
            return 429, {"retry-after-ms": f"{1000 * wait:.0f}"} if self.tells else {}
        return 200, {}

    async def _serve(self, now: float) -> httpx2.Response:
        took = self.duration(self._draw)
        self.in_service += 1
        self.most_in_service = max(self.most_in_service, self.in_service)
        try:
            if self.away and now < self.away[0] < now + took:
                await take(self.away[0] - now)
                raise httpx2.ReadError("reset")
            await take(took)
            self.served_seconds += took
        finally:
            self.in_service -= 1
        return httpx2.Response(200, content=BODY, headers={"content-type": "application/json"})

    def _is_away(self, now: float) -> bool:
        return self.away is not None and self.away[0] <= now < self.away[1]


_CHOICE = {
    "index": 0,
    "message": {"role": "assistant", "content": "Yes."},
    "finish_reason": "stop",
}
BODY = json.dumps({**COMPLETION, "choices": [_CHOICE]}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualEndpoint(Endpoint):
    """An endpoint whose client talks to a `VirtualServer`."""

    server: VirtualServer

    def open_async(self, *, timeout: float = 120.0, max_connections: int = 1000) -> Any:
        return _open_client(self.server, max_retries=0)


def _open_client(server: VirtualServer, *, max_retries: int) -> Any:
    from openai import AsyncOpenAI

    http = GuardedAsyncClient(transport=server)
    client = AsyncOpenAI(
        base_url=BASE_URL, api_key="none", max_retries=max_retries, timeout=120, http_client=http
    )
    client._platform = "Unknown"  # the client would ask for it in a thread
    return client


def run_ours(n: int, server: VirtualServer, *, seed: int = 0, **options: Any) -> Run:
    """Make `n` calls with a run."""
    endpoint = VirtualEndpoint(
        base_url=BASE_URL,
        model="m",
        provider="other",
        key=ApiKey("", source="nowhere"),
        server=server,
    )
    loop = JumpingLoop()

    async def work() -> Run:
        plan = make_plan([f"Q{number}?" for number in range(n)], endpoint, **options)
        return await execute_async(plan, clock=SteppedClock(loop, seed))  # type: ignore[arg-type]

    return _run(loop, work())


def run_plain(
    n: int, server: VirtualServer, *, in_flight: int, max_retries: int
) -> tuple[float, int]:
    """Make `n` calls with a plain loop over the client; return the seconds and the answers."""
    loop = JumpingLoop()

    async def work() -> tuple[float, int]:
        slots = asyncio.Semaphore(in_flight)
        client = _open_client(server, max_retries=max_retries)

        async def ask(number: int) -> bool:
            message = {"role": "user", "content": f"Q{number}?"}
            async with slots:
                try:
                    await client.chat.completions.create(model="m", messages=[message])
                except Exception:  # noqa: BLE001  counted
                    return False
            return True

        answered = await asyncio.gather(*map(ask, range(n)))
        return loop.time(), sum(answered)

    random.seed(0)  # the client draws its waits from there
    return _run(loop, work())


def _run(loop: JumpingLoop, work: Coroutine[Any, Any, T]) -> T:
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
