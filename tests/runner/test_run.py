"""A run: N prompts in, N records out, whatever happens to the calls."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import fields
from typing import Any
from urllib.request import Request, urlopen

import pytest

import aiml_nb as nb
from aiml_nb.endpoint import Endpoint
from aiml_nb.runner import STRATEGIES

from ..raw_server import JSON_HEAD, SSE_HEAD, raw_server
from ..waiting import block, take, wait_until_async

GOOD = b'{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[%s]}'
CHOICE = b'{"index":0,"message":{"role":"assistant","content":"Yes."},"finish_reason":"stop"}'
CUT = CHOICE.replace(b'"stop"', b'"length"')
FILTERED = CHOICE.replace(b'"stop"', b'"content_filter"')
CHUNK = (
    b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[%s]}\n\n'
)
DELTA = b'{"index":0,"delta":{"content":"Yes."},"finish_reason":null}'


class LateEndpoint(Endpoint):
    """One whose first connection keeps the loop busy, as imports do."""

    blocks_for = 1.0

    async def warm_up_async(self, client: Any) -> None:
        """Block, and connect."""
        await take(0.03)
        block(self.blocks_for)
        await super().warm_up_async(client)


def read_log(endpoint: Endpoint) -> dict[str, Any]:
    """Return the simulator's own log of the connection."""
    root = endpoint.base_url.removesuffix("/v1")
    request = Request(
        f"{root}/_simulator/log", headers={"Authorization": f"Bearer {endpoint.key.reveal()}"}
    )
    with urlopen(request, timeout=5) as reply:
        return json.load(reply)  # type: ignore[no-any-return]


def questions(count: int) -> list[str]:
    return [f"Question {number}?" for number in range(count)]


class TestEveryStrategy:
    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_makes_one_record_per_prompt_in_their_order(self, strategy: str, stream: bool) -> None:
        endpoint = nb.connect(speed=100, verbose=False)

        run = nb.run(questions(8), endpoint, strategy=strategy, max_concurrency=3, stream=stream)

        assert [call.prompt for call in run.calls] == questions(8)
        assert [call.index for call in run.calls] == list(range(8))
        assert {call.outcome for call in run.calls} == {"ok"}
        assert all(call.text and len(call.attempts) == 1 for call in run.calls)
        assert all((call.first_token is not None) == stream for call in run.calls)
        assert run.max_concurrency == (1 if strategy == "sequential" else 3)

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_stamps_are_in_order_and_the_limit_holds_by_the_servers_count(
        self, strategy: str
    ) -> None:
        endpoint = nb.connect(speed=50, verbose=False)

        run = nb.run(questions(12), endpoint, strategy=strategy, max_concurrency=4, stream=True)

        for call in run.calls:
            stamps = [call.submitted, call.started, call.first_token, call.finished]
            assert None not in stamps
            assert stamps == sorted(stamps)  # type: ignore[type-var]
            assert call.submitted == 0.0
        assert 1 <= read_log(endpoint)["peak_in_flight"] <= run.max_concurrency

    def test_what_connecting_takes_is_no_lag_of_the_run(self, endpoint: Endpoint) -> None:
        late = LateEndpoint(
            **{each.name: getattr(endpoint, each.name) for each in fields(endpoint)}
        )

        run = nb.run(["A?"], late)

        assert run.calls[0].outcome == "ok"
        assert run.loop_lag_max is not None
        assert run.loop_lag_max < LateEndpoint.blocks_for / 2

    def test_imports_are_over_before_the_first_call(self) -> None:
        """Sixty milliseconds of them would stand in the picture of every first run."""
        program = (
            "import asyncio, sys, aiml_nb as nb\n"
            "endpoint = nb.connect(simulate=True, verbose=False)\n"
            "with endpoint.open() as client:\n"
            "    endpoint.warm_up(client)\n"
            "print('openai.resources.chat.completions' in sys.modules)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
        )

        assert done.stdout == "True\n"

    def test_texts_do_not_depend_on_the_strategy(self) -> None:
        texts = []
        for strategy in STRATEGIES:
            endpoint = nb.connect(speed=100, seed=5, verbose=False)
            run = nb.run(questions(6), endpoint, strategy=strategy)
            texts.append([call.text for call in run.calls])

        assert texts == [texts[0]] * len(STRATEGIES)


class TestRequests:
    def test_parameters_of_the_run_and_of_the_prompt_are_sent(self) -> None:
        prompts: list[Any] = [
            "Who?",
            {"messages": [{"role": "user", "content": "Why?"}], "temperature": 1},
        ]
        with raw_server(JSON_HEAD + GOOD % CHOICE) as server:
            endpoint = nb.connect(base_url=server.base_url, verbose=False)
            nb.run(
                prompts,
                endpoint,
                strategy="sequential",
                system="Be short.",
                temperature=0,
                max_tokens=9,
                extra_body={"seed": 4},
            )
        bodies = [json.loads(chat.partition(b"\r\n\r\n")[2]) for chat in server.chats]

        assert [body["temperature"] for body in bodies] == [0, 1]
        assert [body["max_tokens"] for body in bodies] == [9, 9]
        assert bodies[0]["seed"] == 4
        assert bodies[0]["messages"] == [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "Who?"},
        ]

    def test_each_request_carries_the_run_and_the_calls_number(self, endpoint: Endpoint) -> None:
        run = nb.run(questions(3), endpoint)
        chats = [r for r in read_log(endpoint)["requests"] if "chat" in r["path"]]

        assert {chat["client_request_id"] for chat in chats} == {
            f"{run.run_id}.{index}.1" for index in range(3)
        }

    def test_usage_and_request_id_are_recorded_streamed_or_not(self, endpoint: Endpoint) -> None:
        for stream in (False, True):
            call = nb.run(["Who?"], endpoint, stream=stream).calls[0]

            assert call.input_tokens
            assert call.output_tokens
            assert call.attempts[0].request_id
            assert call.attempts[0].status == 200

    def test_cost_is_read_where_the_server_reports_it(self) -> None:
        reply = GOOD[:-1] % CHOICE + b',"meta":{"usage":{"credits_used":500,"usd_spent":0.00025}}}'
        with raw_server(JSON_HEAD + reply) as server:
            endpoint = nb.connect(base_url=server.base_url, verbose=False)
            run = nb.run(["Who?"], endpoint)

        assert run.calls[0].cost == 0.00025

    def test_max_tokens_makes_an_incomplete_call_that_keeps_its_text(
        self, endpoint: Endpoint
    ) -> None:
        call = nb.run(["Tell me everything."], endpoint, max_tokens=3).calls[0]

        assert (call.outcome, call.finish_reason) == ("incomplete", "length")
        assert call.text
        assert call.error is not None
        assert "max_tokens" in call.error


# What the server sends -> outcome, error_type; the same for the blocking and the async client.
REPLIES: dict[str, tuple[bytes, str, str | None]] = {
    "good": (JSON_HEAD + GOOD % CHOICE, "ok", None),
    "cut at max_tokens": (JSON_HEAD + GOOD % CUT, "incomplete", None),
    "no choice": (JSON_HEAD + GOOD % b"", "incomplete", None),
    "content filter": (JSON_HEAD + GOOD % FILTERED, "refused", None),
    "choices of another shape": (JSON_HEAD + b'{"choices":"oops"}', "error", "bad_response"),
    "error in a 200": (JSON_HEAD + b'{"error":{"message":"no"}}', "error", "bad_response"),
    "null": (JSON_HEAD + b"null", "error", "bad_response"),
    "invalid JSON": (JSON_HEAD + b"{oops", "error", "bad_response"),
    "bad UTF-8": (JSON_HEAD + b'{"a":"\xff\xfe"}', "error", "bad_response"),
    "deep JSON": (JSON_HEAD + b"[" * 200_000, "error", "bad_response"),
    "an HTML page": (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<p>Hi</p>",
        "error",
        "bad_response",
    ),
    "closed without a reply": (b"", "error", "no_reply"),
    "a body that breaks off": (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{",
        "error",
        "no_reply",
    ),
    "a bad status line": (b"HTTP/9 what\r\n\r\n", "error", "protocol"),
    "400": (b"HTTP/1.1 400 Bad\r\nconnection: close\r\n\r\n", "error", "400"),
    "503 with a page": (
        b"HTTP/1.1 503 Busy\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<p>busy</p>",
        "error",
        "503",
    ),
}
STREAMS: dict[str, tuple[bytes, str, str | None]] = {
    "good": (
        SSE_HEAD
        + CHUNK % DELTA
        + CHUNK % b'{"index":0,"delta":{},"finish_reason":"stop"}'
        + b"data: [DONE]\n\n",
        "ok",
        None,
    ),
    "ended early": (SSE_HEAD + CHUNK % DELTA, "incomplete", None),
    "half an event at the end": (SSE_HEAD + CHUNK % DELTA + b"data: {", "incomplete", None),
    "an error event": (
        SSE_HEAD + CHUNK % DELTA + b'data: {"error":{"message":"overloaded"}}\n\n',
        "error",
        "stream",
    ),
    "a bad line": (SSE_HEAD + CHUNK % DELTA + b"data: {oops\n\n", "error", "bad_response"),
    "whole JSON in place of a stream": (JSON_HEAD + GOOD % CHOICE, "ok", None),
    "a piece of another shape": (
        SSE_HEAD + CHUNK % DELTA + b'data: {"choices":"oops"}\n\n',
        "error",
        "bad_response",
    ),
}


# Nothing in them can be read.
NO_STREAMS = {
    "an HTML page": b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<p>",
    "an error in a 200": JSON_HEAD + b'{"error":{"message":"no"}}',
    "JSON that is no object": JSON_HEAD + b"[]",
}
CANARY = "canary-0123456789abcdef"


class TestReplies:
    @pytest.mark.parametrize("strategy", ["sequential", "gather"])
    @pytest.mark.parametrize("name", NO_STREAMS)
    def test_what_is_no_stream_is_a_bad_response(self, name: str, strategy: str) -> None:
        with raw_server(NO_STREAMS[name]) as server:
            endpoint = nb.connect(base_url=server.base_url, verbose=False)
            call = nb.run(["Who?"], endpoint, strategy=strategy, stream=True).calls[0]

        assert (call.outcome, call.error_type) == ("error", "bad_response")
        assert call.attempts[0].status == 200

    @pytest.mark.parametrize("strategy", ["sequential", "gather"])
    def test_a_server_that_echoes_the_key_everywhere_is_redacted(self, strategy: str) -> None:
        canary = CANARY.encode()
        head = JSON_HEAD.replace(b"connection", b"x-request-id: " + canary + b"\r\nconnection")
        good = (GOOD % CHOICE).replace(b'"m"', b'"' + canary + b'"').replace(b"Yes.", canary)
        page = b"<p>" + b"x" * 70 + canary
        for reply in (head + good, JSON_HEAD + page, JSON_HEAD + b'{"choices":"' + canary + b'"}'):
            with raw_server(reply) as server:
                endpoint = nb.connect(base_url=server.base_url, api_key=CANARY, verbose=False)
                run = nb.run(["Who?"], endpoint, strategy=strategy)

            assert CANARY[:12] not in repr(run.calls)
            assert "[key]" in repr(run.calls)

    @pytest.mark.parametrize(
        "reply",
        [
            (GOOD % CHOICE).replace(b'"m"', b'{"a":1}'),
            GOOD[:-1] % CHOICE + b',"meta":{"usage":{"usd_spent":true}}}',
            GOOD[:-1] % CHOICE + b',"meta":{"usage":{"usd_spent":NaN}}}',
        ],
    )
    def test_odd_members_of_a_good_answer_are_passed_over(self, reply: bytes) -> None:
        with raw_server(JSON_HEAD + reply) as server:
            run = nb.run(["Who?"], nb.connect(base_url=server.base_url, verbose=False))

        assert (run.calls[0].outcome, run.calls[0].cost) == ("ok", None)
        assert len(run.to_frame()) == 1

    @pytest.mark.parametrize("strategy", ["sequential", "gather"])
    @pytest.mark.parametrize("name", REPLIES)
    def test_each_reply_becomes_its_record(self, name: str, strategy: str) -> None:
        reply, outcome, error_type = REPLIES[name]
        with raw_server(reply) as server:
            endpoint = nb.connect(base_url=server.base_url, verbose=False)
            call = nb.run(["Who?"], endpoint, strategy=strategy).calls[0]

        assert (call.outcome, call.error_type) == (outcome, error_type)
        assert (call.error is None) == (outcome == "ok")
        assert call.finished is not None

    @pytest.mark.parametrize("strategy", ["sequential", "gather"])
    @pytest.mark.parametrize("name", STREAMS)
    def test_each_stream_becomes_its_record_and_keeps_what_came(
        self, name: str, strategy: str
    ) -> None:
        reply, outcome, error_type = STREAMS[name]
        with raw_server(reply) as server:
            endpoint = nb.connect(base_url=server.base_url, verbose=False)
            call = nb.run(["Who?"], endpoint, strategy=strategy, stream=True).calls[0]

        assert (call.outcome, call.error_type, call.text) == (outcome, error_type, "Yes.")
        assert call.first_token is not None

    @pytest.mark.parametrize("strategy", ["sequential", "threads", "gather"])
    def test_a_call_over_its_time_is_a_timeout(self, strategy: str) -> None:
        endpoint = nb.connect(verbose=False)

        run = nb.run(nb.prompts.FAQ[:1], endpoint, strategy=strategy, timeout=0.3)

        assert (run.calls[0].outcome, run.calls[0].error_type) == ("timeout", "deadline")
        assert run.makespan >= 0.3

    def test_a_prompt_that_cannot_be_encoded_is_a_record(self, endpoint: Endpoint) -> None:
        run = nb.run(["\ud800", "Who?"], endpoint)

        assert [call.outcome for call in run.calls] == ["error", "ok"]
        assert run.calls[0].error_type == "exception"

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_one_failing_call_is_a_record_and_the_others_complete(self, strategy: str) -> None:
        endpoint = nb.connect(scenario="one-fails", speed=50, verbose=False)

        run = nb.run(questions(6), endpoint, strategy=strategy, max_concurrency=3)

        assert sorted(call.outcome for call in run.calls) == ["error"] + ["ok"] * 5


class TestBadArguments:
    @pytest.mark.parametrize(
        ("arguments", "error", "said"),
        [
            ({"strategy": "parallel"}, ValueError, r"'sequential'.*not 'parallel'.*'gather'"),
            ({"max_concurrency": 0}, ValueError, "from 1.*not 0"),
            ({"max_concurrency": True}, ValueError, "not True"),
            ({"max_concurrency": 2.5}, ValueError, "not 2.5"),
            ({"timeout": 0}, ValueError, "above 0 and at most .*; not 0"),
            ({"timeout": float("nan")}, ValueError, "not nan"),
            ({"timeout": float("inf")}, ValueError, "not inf"),
            ({"max_attempts": 0}, ValueError, "max_attempts must be.*not 0"),
            ({"run_timeout": -1}, ValueError, "run_timeout must be.*not -1"),
            ({"requests_per_minute": "5"}, ValueError, "not '5'"),
            ({"stream": "yes"}, TypeError, "not 'yes'"),
            ({"model": 5}, TypeError, "model=5"),
            ({"extra_headers": "x"}, TypeError, "extra_headers='x'"),
            ({"max_calls": 0}, nb.BudgetError, "max_calls=0 is below the first call"),
            ({"max_cost": "1"}, TypeError, "not '1'"),
            ({"max_atempts": 2}, TypeError, r"'max_atempts'.*extra_body"),
            ({"messages": []}, TypeError, "'messages'"),
        ],
    )
    def test_raise_at_once_with_the_value_and_the_fix(
        self, arguments: dict[str, Any], error: type[Exception], said: str, endpoint: Endpoint
    ) -> None:
        with pytest.raises(error, match=said):
            nb.run(["Who?"], endpoint, **arguments)

        assert read_log(endpoint)["requests"] == []

    def test_an_endpoint_of_another_kind_is_refused(self) -> None:
        with pytest.raises(TypeError, match=r"not str.*connect\(\)"):
            nb.run(["Who?"], "https://api.aimlapi.com")  # type: ignore[arg-type]


class TestStopping:
    @pytest.mark.parametrize("strategy", ["gather", "workers", "as_completed", "task_group"])
    async def test_a_cancelled_run_keeps_what_is_known(self, strategy: str) -> None:
        endpoint = nb.connect(speed=2, verbose=False)
        handle = nb.start(nb.prompts.FAQ * 3, endpoint, strategy=strategy, max_concurrency=3)
        await wait_until_async(lambda: handle.progress[0] >= 1)

        handle.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handle

        outcomes = [call.outcome for call in handle.partial.calls]
        assert set(outcomes) <= {"ok", "cancelled", "not_started"}
        assert "ok" in outcomes
        assert "cancelled" in outcomes
        assert nb.last_run() is handle.partial
        for call in handle.partial.calls:
            assert (call.finished is None) == (call.outcome == "not_started")
        ok, cancelled = outcomes.count("ok"), outcomes.count("cancelled")
        assert handle.progress == (ok, 6)
        assert repr(handle) == f"<RunHandle: {ok} of 6 calls finished, {cancelled} cancelled>"

    async def test_a_run_cancelled_before_it_began_says_so(self, endpoint: Endpoint) -> None:
        handle = nb.start(["Who?"] * 5, endpoint)
        handle.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handle
        handle.cancel()

        assert handle.partial.stopped == "interrupted"
        assert {call.outcome for call in handle.partial.calls} == {"not_started"}

        finished = nb.start(["Who?"], endpoint)
        await finished
        finished.cancel()
        assert finished.partial.stopped is None

    @pytest.mark.parametrize("strategy", ["sequential", "threads", "gather"])
    def test_ctrl_c_keeps_what_is_known(self, strategy: str) -> None:
        endpoint = nb.connect(verbose=False)
        threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
        began = time.monotonic()

        with pytest.raises(KeyboardInterrupt):
            nb.run(nb.prompts.FAQ[::-1] * 3, endpoint, strategy=strategy, max_concurrency=2)

        assert time.monotonic() - began < 3  # the long answer alone takes over 5 s
        run = nb.last_run()
        assert run is not None
        outcomes = [call.outcome for call in run.calls]
        assert outcomes[0] == "ok"
        assert "cancelled" in outcomes
        assert "not_started" in outcomes

    async def test_start_goes_on_beside_other_work(self, endpoint: Endpoint) -> None:
        handle = nb.start(questions(3), endpoint)

        assert handle.progress == (0, 3)
        assert not handle.done
        run = await handle
        assert handle.done
        assert handle.progress == (3, 3)
        assert run is handle.partial

    def test_start_without_a_loop_says_what_to_write(self, endpoint: Endpoint) -> None:
        with pytest.raises(nb.LoopError, match=r"aiml_nb\.run"):
            nb.start(["Who?"], endpoint)

    @pytest.mark.parametrize("strategy", ["sequential", "threads"])
    async def test_blocking_strategies_leave_the_loop_free(self, strategy: str) -> None:
        endpoint = nb.connect(verbose=False)
        task = asyncio.create_task(nb.run_async(nb.prompts.FAQ[1:], endpoint, strategy=strategy))
        ticks = 0
        while not task.done():
            await take(0.01)
            ticks += 1

        assert ticks > 10  # the short answer takes half a second
        assert (await task).calls[0].outcome == "ok"


class TestPreparations:
    """What is prepared before the first call is none of the calls' time."""

    def test_a_slow_terminal_is_no_lag_of_the_loop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class SlowToBegin(io.StringIO):
            waited = False

            def write(self, text: str) -> int:
                if not self.waited:
                    self.waited = True
                    block(0.4)
                return super().write(text)

        terminal = SlowToBegin()
        monkeypatch.setattr(sys, "stderr", terminal)

        run = nb.run(questions(2), nb.connect(speed=10, verbose=False), progress=True)

        assert terminal.waited
        assert run.loop_lag_max is not None
        assert run.loop_lag_max < 0.4
