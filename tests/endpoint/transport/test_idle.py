"""Whatever comes on a connection on which nothing was asked is no answer to the next call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.endpoint.transport import open_async_http, open_http

from ...rows import in_turn
from ...waiting import block
from .connections import Connections, Exchange, connection_server
from .tls import CERTIFICATE, server_side

PROMPTS = [f"question {number}" for number in range(5)]
WAYS = ("sequential", "threads", "gather", "workers")


def twice_at_once(exchange: Exchange) -> None:
    exchange.send(exchange.reply * 2)


def twice_in_one_go(exchange: Exchange) -> None:
    """The second reply is in the same piece, but for its end."""
    reply = exchange.reply
    exchange.send(reply + reply[:-3])
    exchange.send(reply[-3:])


def body_and_the_whole_again(exchange: Exchange) -> None:
    """The second reply comes with the end of the first, whose head was read before."""
    head, _, body = exchange.reply.partition(b"\r\n\r\n")
    exchange.send(head + b"\r\n\r\n")
    block(0.05)
    exchange.send(body + exchange.reply)


def one_and_a_half(exchange: Exchange) -> None:
    exchange.send(exchange.reply + exchange.reply[:40])


def another_head(exchange: Exchange) -> None:
    exchange.send(exchange.reply + b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n")


def a_few_bytes(exchange: Exchange) -> None:
    exchange.send(exchange.reply + b"HTT")


def a_timeout(exchange: Exchange) -> None:
    timeout = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    exchange.send(exchange.reply + timeout)
    exchange.close()


SPEAKING = [
    twice_at_once,
    twice_in_one_go,
    body_and_the_whole_again,
    one_and_a_half,
    another_head,
    a_few_bytes,
    a_timeout,
]


@pytest.mark.parametrize(("behave", "strategy", "stream"), in_turn(SPEAKING, WAYS, (False, True)))
def test_each_call_gets_its_own_answer(
    behave: Callable[[Exchange], None], strategy: str, stream: bool
) -> None:
    run, opened = make_run(behave, strategy, stream=stream)

    assert [(call.outcome, call.text) for call in run.calls] == [("ok", p) for p in PROMPTS]
    assert opened == len(PROMPTS)  # none was used twice


@pytest.mark.parametrize(
    ("behave", "strategy"),
    in_turn([twice_at_once, body_and_the_whole_again, one_and_a_half], WAYS),
)
def test_nor_encrypted(
    behave: Callable[[Exchange], None], strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    run, _ = make_run(behave, strategy, tls=server_side())

    assert [(call.outcome, call.text) for call in run.calls] == [("ok", p) for p in PROMPTS]


@pytest.mark.parametrize("strategy", WAYS)
def test_a_connection_on_which_nothing_else_comes_is_used_again(strategy: str) -> None:
    run, opened = make_run(lambda exchange: exchange.send(exchange.reply), strategy)

    assert [call.text for call in run.calls] == PROMPTS
    assert opened == 1


class TestLater:
    """What comes while the connection rests."""

    LATE = (
        pytest.param(lambda exchange: exchange.reply, id="the reply again"),
        pytest.param(lambda exchange: exchange.reply[:50], id="half of it"),
        pytest.param(lambda _: b"\0\0 noise", id="noise"),
        pytest.param(lambda _: b"\r\n", id="a line break"),
        pytest.param(lambda _: b"HTTP/1.1 408 Late\r\ncontent-length: 0\r\n\r\n", id="a status"),
    )

    @pytest.fixture
    def server(self, request: pytest.FixtureRequest) -> Iterator[tuple[Connections, Any]]:
        said = threading.Event()

        def speak_later(exchange: Exchange) -> None:
            exchange.send(exchange.reply)
            block(0.05)
            exchange.send(request.param(exchange))
            said.set()

        with connection_server(speak_later) as server:
            yield server, said

    @pytest.mark.parametrize("server", LATE, indirect=True)
    def test_the_blocking_client_does_not_read_it(self, server: tuple[Connections, Any]) -> None:
        there, said = server
        with open_http(there.base_url) as http:
            for prompt in PROMPTS:
                said.clear()
                reply = http.post(f"{there.base_url}/chat/completions", json=ask(prompt))
                assert reply.json()["choices"][0]["message"]["content"] == prompt
                assert said.wait(5)

    @pytest.mark.parametrize("read", [True, False])
    @pytest.mark.parametrize("server", LATE, indirect=True)
    async def test_nor_does_the_async_one(
        self, server: tuple[Connections, Any], read: bool
    ) -> None:
        there, said = server
        async with open_async_http(there.base_url, max_connections=1) as http:
            for prompt in PROMPTS:
                said.clear()
                reply = await http.post(f"{there.base_url}/chat/completions", json=ask(prompt))
                assert reply.json()["choices"][0]["message"]["content"] == prompt
                # Either the loop has seen what came, or it is still in the socket.
                assert await asyncio.to_thread(said.wait, 5) if read else said.wait(5)


def ask(prompt: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": prompt}]}


def make_run(behave: Callable[[Exchange], None], strategy: str, **options: Any) -> Any:
    tls = options.pop("tls", None)
    with connection_server(behave, tls=tls) as server:
        endpoint = nb.connect(base_url=server.base_url, model="m", verbose=False)
        run = nb.run(
            PROMPTS, endpoint, strategy=strategy, max_concurrency=1, progress=False, **options
        )
    return run, server.opened
