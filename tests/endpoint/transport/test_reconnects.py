"""A used connection that dies before a byte of an answer costs a new connection, no failure."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.endpoint.transport import open_http
from tests.runner.conftest import connect_faulty, run_skipping

from ...rows import in_turn
from ...waiting import block, let_pass, let_pass_async
from .connections import Connections, Exchange, connection_server
from .tls import CERTIFICATE, server_side

PROMPTS = [f"question {number}" for number in range(6)]
WAYS = ("sequential", "threads", "gather", "workers")


def run(server: Connections, strategy: str, **options: Any) -> nb.Run:
    endpoint = nb.connect(base_url=server.base_url, model="m", verbose=False)
    options = {"max_concurrency": 1 if strategy == "sequential" else 2} | options
    return nb.run(PROMPTS, endpoint, strategy=strategy, progress=False, **options)


def count_reconnects(run: nb.Run) -> int:
    return sum(attempt.reconnects for call in run.calls for attempt in call.attempts)


def closes_after_its_reply(exchange: Exchange) -> None:
    exchange.send(exchange.reply)
    exchange.close()


def resets_after_its_reply(exchange: Exchange) -> None:
    exchange.send(exchange.reply)
    block(0.01)  # a reset takes away what has not been read
    exchange.reset()


def reads_the_next_and_closes(exchange: Exchange) -> None:
    if exchange.number == 0:
        exchange.send(exchange.reply)
    else:
        exchange.close()


def reads_the_next_and_resets(exchange: Exchange) -> None:
    if exchange.number == 0:
        exchange.send(exchange.reply)
    else:
        exchange.reset()


def closes_a_moment_later(exchange: Exchange) -> None:
    exchange.send(exchange.reply)
    block(0.002)
    exchange.close()


def half_closes_after_its_reply(exchange: Exchange) -> None:
    exchange.send(exchange.reply)
    exchange.socket.shutdown(socket.SHUT_WR)


def serves_three_then_closes(exchange: Exchange) -> None:
    exchange.send(exchange.reply)
    if exchange.number == 2:
        exchange.close()


def answers_only_new_connections_after_a_restart(exchange: Exchange) -> None:
    if exchange.connection < 2 and exchange.number == 1:
        exchange.reset()
    else:
        exchange.send(exchange.reply)


DEATHS = [
    closes_after_its_reply,
    resets_after_its_reply,
    reads_the_next_and_closes,
    reads_the_next_and_resets,
    closes_a_moment_later,
    half_closes_after_its_reply,
    serves_three_then_closes,
    answers_only_new_connections_after_a_restart,
]


@pytest.mark.parametrize(("behave", "strategy", "stream"), in_turn(DEATHS, WAYS, (False, True)))
def test_a_used_connection_that_dies_loses_no_call(
    behave: Callable[[Exchange], None], strategy: str, stream: bool
) -> None:
    with connection_server(behave) as server:
        # One attempt a call: nothing is made good by trying again.
        result = run(server, strategy, stream=stream, max_attempts=1)

    assert [(call.outcome, call.text) for call in result.calls] == [("ok", p) for p in PROMPTS]
    assert all(len(call.attempts) == 1 for call in result.calls)
    assert not any(call.attempts[0].possibly_billed for call in result.calls)
    # What was sent again is what the server saw twice: it never sees more than that.
    assert len(PROMPTS) <= len(server.exchanges) <= len(PROMPTS) + count_reconnects(result)
    assert all(call.attempts[0].reconnects <= 1 for call in result.calls)


@pytest.mark.parametrize("strategy", WAYS)
def test_a_request_that_was_read_and_not_answered_is_noted(strategy: str) -> None:
    with connection_server(reads_the_next_and_closes) as server:
        result = run(server, strategy, max_concurrency=1)

    # Each connection takes one call and dies at the next, which goes over a new one.
    assert [call.attempts[0].reconnects for call in result.calls] == [0, 1, 1, 1, 1, 1]
    assert len(server.exchanges) == len(PROMPTS) + 5


class TestWhatIsNotSentAgain:
    @pytest.mark.parametrize("strategy", WAYS)
    @pytest.mark.parametrize("end", [Exchange.close, Exchange.reset])
    def test_a_request_on_a_new_connection(self, strategy: str, end: Any) -> None:
        with connection_server(end) as server:
            result = run(server, strategy, max_attempts=1)

        assert {call.error_type for call in result.calls} == {"no_reply"}
        assert count_reconnects(result) == 0
        assert sorted(server.prompts) == PROMPTS

    @pytest.mark.parametrize("strategy", WAYS)
    @pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 103 Early\r\n\r\n"])
    def test_one_of_which_a_byte_has_come(self, strategy: str, begun: bytes) -> None:
        def break_off(exchange: Exchange) -> None:
            if exchange.number == 0:
                exchange.send(exchange.reply)
            else:
                exchange.send(begun)
                exchange.close()

        with connection_server(break_off) as server:
            result = run(server, strategy, max_attempts=1, max_concurrency=1)

        assert [call.error_type for call in result.calls] == [None, "no_reply"] * 3
        assert count_reconnects(result) == 0
        assert server.prompts == PROMPTS

    @pytest.mark.parametrize("strategy", WAYS)
    @pytest.mark.parametrize(
        ("status", "error_type"),
        [(b"302 Found\r\nlocation: /v2", "redirect"), (b"400 No", "400"), (b"422 No", "422")],
    )
    def test_one_that_was_answered(self, strategy: str, status: bytes, error_type: str) -> None:
        def refuse(exchange: Exchange) -> None:
            refusal = b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\n\r\n"
            exchange.send(refusal if exchange.number else exchange.reply)

        with connection_server(refuse) as server:
            result = run(server, strategy, max_attempts=1, max_concurrency=1)

        assert [call.error_type for call in result.calls] == [None] + [error_type] * 5
        assert count_reconnects(result) == 0
        assert server.prompts == PROMPTS

    @pytest.mark.parametrize("strategy", WAYS)
    def test_one_that_was_sent_again_already(self, strategy: str) -> None:
        def refuse_again(exchange: Exchange) -> None:
            if exchange.connection == 0 and exchange.number == 0:
                exchange.send(exchange.reply)
            else:
                exchange.close()

        with connection_server(refuse_again) as server:
            result = run(server, strategy, max_attempts=1, max_concurrency=1)

        assert [call.error_type for call in result.calls] == [None] + ["no_reply"] * 5
        assert [call.attempts[0].reconnects for call in result.calls] == [0, 1, 0, 0, 0, 0]
        assert [call.attempts[0].possibly_billed for call in result.calls] == [False] + [True] * 5
        assert len(server.exchanges) == len(PROMPTS) + 1


@pytest.mark.parametrize("strategy", WAYS)
def test_a_large_request_that_is_cut_off_in_the_sending(strategy: str) -> None:
    def close_early(exchange: Exchange) -> None:
        if exchange.connection == 0 and exchange.number == 1:
            exchange.reset()  # with most of the body not read
        else:
            exchange.read_on()
            exchange.send(exchange.reply)

    large = "x" * 1_000_000  # more than is sent at once; aiohttp warns of more
    with connection_server(close_early, head_only=True) as server:
        endpoint = nb.connect(base_url=server.base_url, model="m", verbose=False)
        result = nb.run([large] * 3, endpoint, strategy=strategy, max_concurrency=1, progress=False)

    assert [(call.outcome, call.error) for call in result.calls] == [("ok", None)] * 3
    assert [call.attempts[0].reconnects for call in result.calls] == [0, 1, 0]


@pytest.mark.parametrize("strategy", WAYS)
@pytest.mark.parametrize("behave", [closes_after_its_reply, reads_the_next_and_closes])
def test_encrypted_connections_die_as_well(
    behave: Callable[[Exchange], None], strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    with connection_server(behave, tls=server_side()) as server:
        result = run(server, strategy, max_attempts=1)

    assert [(call.outcome, call.text) for call in result.calls] == [("ok", p) for p in PROMPTS]


class TestTime:
    """The deadline holds over both sendings."""

    @pytest.mark.parametrize("strategy", ["sequential", "gather"])
    def test_nothing_is_sent_after_it(self, strategy: str) -> None:
        def close_too_late(exchange: Exchange) -> None:
            if exchange.number == 0:
                exchange.send(exchange.reply)
            else:
                block(1.0)
                exchange.close()

        with connection_server(close_too_late) as server:
            result = run(server, strategy, max_concurrency=1, timeout=0.5)
            seen = len(server.exchanges)
            let_pass(1.0)

        assert [call.outcome for call in result.calls] == ["ok", "timeout"] * 3
        assert count_reconnects(result) == 0
        assert len(server.exchanges) == seen == len(PROMPTS)

    @pytest.mark.parametrize("strategy", ["sequential", "gather"])
    def test_it_counts_from_the_first_sending(self, strategy: str) -> None:
        def answer_no_more(exchange: Exchange) -> None:
            if exchange.connection == 0 and exchange.number == 0:
                exchange.send(exchange.reply)
            elif exchange.connection == 0:
                block(0.6)
                exchange.close()
            else:
                server.leaving.wait(10)

        with connection_server(answer_no_more) as server:
            endpoint = nb.connect(base_url=server.base_url, model="m", verbose=False)
            result = nb.run(
                PROMPTS[:2],
                endpoint,
                strategy=strategy,
                max_concurrency=1,
                timeout=1,
                progress=False,
            )

        late = result.calls[1]
        assert (late.outcome, late.attempts[0].reconnects) == ("timeout", 1)
        assert late.duration is not None
        assert late.duration < 1.5

    async def test_an_interrupt_ends_the_second_sending(self) -> None:
        sent_again = threading.Event()

        def answer_no_more(exchange: Exchange) -> None:
            if exchange.connection == exchange.number == 0:
                exchange.send(exchange.reply)
            elif exchange.connection == 0:
                exchange.close()
            else:
                sent_again.set()
                server.leaving.wait(10)

        with connection_server(answer_no_more) as server:
            endpoint = nb.connect(base_url=server.base_url, model="m", verbose=False)
            handle = nb.start(PROMPTS, endpoint, strategy="gather", max_concurrency=1)
            await asyncio.to_thread(sent_again.wait, 10)
            handle.cancel()
            with suppress(asyncio.CancelledError):
                await handle
            seen = len(server.exchanges)
            await let_pass_async(0.5)

        known = nb.last_run()
        assert known is not None
        assert [call.outcome for call in known.calls] == ["ok", "cancelled"] + ["not_started"] * 4
        assert known.calls[1].attempts[0].reconnects == 1
        assert len(server.exchanges) == seen == 3

    def test_an_interrupt_is_no_dead_connection(self) -> None:
        asked = threading.Event()

        def wait(exchange: Exchange) -> None:
            if exchange.number == 0:
                exchange.send(exchange.reply)
            else:
                asked.set()
                server.leaving.wait(10)

        with connection_server(wait) as server:
            http = open_http(server.base_url)
            url, body = f"{server.base_url}/chat/completions", {"messages": [{"content": "Hello"}]}
            http.post(url, json=body)
            thread = threading.Thread(target=lambda: (asked.wait(10), http.abort()))
            thread.start()
            with pytest.raises(Exception, match="disconnected"):
                http.post(url, json=body)
            thread.join()
            with pytest.raises(Exception, match="interrupted"):
                http.post(url, json=body)
            http.close()

        assert len(server.exchanges) == 2


class TestTheSimulator:
    @pytest.mark.parametrize(
        ("strategy", "stream", "fault"),
        in_turn(WAYS, (False, True), ("hang-up", "hang-up:reset", "drop")),
    )
    def test_its_connections_that_end_cost_no_attempt(
        self, fault: str, strategy: str, stream: bool
    ) -> None:
        endpoint = connect_faulty(faults={"*": fault})
        options = {"strategy": strategy, "max_concurrency": 2, "stream": stream}
        result = nb.run(PROMPTS, endpoint, max_attempts=1, **options)

        assert {call.outcome for call in result.calls} == {"ok"}

    @pytest.mark.parametrize("strategy", WAYS)
    @pytest.mark.parametrize("fault", ["close", "reset"])
    def test_its_failures_are_failures_wherever_they_come(self, fault: str, strategy: str) -> None:
        endpoint = connect_faulty(faults={PROMPTS[3]: [fault]})
        result = run_skipping(PROMPTS, endpoint, strategy=strategy, max_concurrency=1)

        assert [len(call.attempts) for call in result.calls] == [1, 1, 1, 2, 1, 1]
        assert result.calls[3].attempts[0].error_type == "no_reply"
        assert count_reconnects(result) == 0
