"""The records of a run in progress: a first token is in them as soon as it has arrived."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.records import Call

from ..waiting import wait_until_async
from .test_run import questions

TOKENS = {
    "/v1/chat/completions": {"choices": [{"index": 0, "delta": {"content": "Yes"}}]},
    "/v1/completions": {"choices": [{"index": 0, "text": "Yes"}]},
    "/v1/responses": {
        "type": "response.output_text.delta",
        "output_index": 0,
        "content_index": 0,
        "delta": "Yes",
    },
}
ENDS = {
    "/v1/chat/completions": {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    "/v1/completions": {"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]},
    "/v1/responses": {
        "type": "response.completed",
        "response": {
            "id": "1",
            "object": "response",
            "status": "completed",
            "output": [
                {"type": "message", "content": [{"type": "output_text", "text": "Yes"}]},
            ],
        },
    },
}


class HeldStreams:
    """A server whose streams wait before their first token, and again after it."""

    def __init__(self) -> None:
        self.first, self.rest = threading.Semaphore(0), threading.Event()
        self.texts = ["Yes"]  # of the answers to come; the last one is repeated
        self.base_url = ""

    def stream(self, path: str) -> Iterator[bytes]:
        """Yield the pieces of one answer."""
        yield from (b"HTTP/1.1 200 OK\r\n", b"connection: close\r\n")
        yield b"content-type: text/event-stream\r\n\r\n"
        if path == "/v1/chat/completions":
            yield _event({"choices": [{"index": 0, "delta": {"role": "assistant"}}]})
        self.first.acquire(timeout=20)
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        yield _event(json.loads(json.dumps(TOKENS[path]).replace("Yes", text)))
        self.rest.wait(20)
        yield _event(json.loads(json.dumps(ENDS[path]).replace("Yes", text)))
        yield b"data: [DONE]\n\n"


def _event(data: Any) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.send_error(404)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        for piece in self.server.streams.stream(self.path):  # type: ignore[attr-defined]
            try:
                self.wfile.write(piece)
            except OSError:  # the client has hung up
                return


@pytest.fixture
def held() -> Iterator[HeldStreams]:
    streams = HeldStreams()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads, server.streams = True, streams  # type: ignore[attr-defined]
        streams.base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield streams
        streams.first.release(9)
        streams.rest.set()
        server.shutdown()
        thread.join()


def connect(held: HeldStreams) -> nb.Endpoint:
    return nb.connect(base_url=held.base_url, model="m", verbose=False)


def is_answering(call: Call) -> bool:
    return call.first_token is not None and call.finished is None


@pytest.mark.parametrize("api", ["chat", "completions", "responses"])
@pytest.mark.parametrize("strategy", ["gather", "threads", "sequential"])
async def test_a_first_token_is_in_the_record_before_the_answer_ends(
    held: HeldStreams, strategy: str, api: str
):
    options = {"strategy": strategy, "api": api, "stream": True}
    handle = nb.start(questions(1), connect(held), **options)
    (call,) = handle.partial.calls
    await wait_until_async(lambda: call.attempts)
    assert call.first_token is None

    held.first.release(9)
    await wait_until_async(lambda: call.first_token is not None)
    seen = call.first_token
    assert call.finished is None
    assert call.attempts[-1].first_token == seen
    assert call.started <= seen

    held.rest.set()
    run = await handle
    assert (run.calls[0].outcome, run.calls[0].text) == ("ok", "Yes")
    assert run.calls[0].first_token == run.calls[0].attempts[-1].first_token == seen


@pytest.mark.parametrize("strategy", ["gather", "threads"])
async def test_each_call_in_flight_has_its_own(held: HeldStreams, strategy: str):
    held.first.release(9)
    handle = nb.start(
        questions(3), connect(held), strategy=strategy, max_concurrency=3, stream=True
    )

    await wait_until_async(lambda: all(map(is_answering, handle.partial.calls)))

    held.rest.set()
    assert [call.outcome for call in (await handle).calls] == ["ok"] * 3


@pytest.mark.parametrize("strategy", ["gather", "threads"])
async def test_an_answer_that_is_asked_for_again_waits_for_its_own_first_token(
    held: HeldStreams, strategy: str
):
    held.texts = ["no number", "5"]
    held.rest.set()
    handle = nb.start(
        questions(1),
        connect(held),
        strategy=strategy,
        stream=True,
        response_format=int,
        retry_invalid=1,
    )
    (call,) = handle.partial.calls
    held.first.release()
    await wait_until_async(lambda: len(call.attempts) == 2)

    assert call.first_token is None
    assert call.attempts[0].first_token is not None

    held.first.release()
    assert (await handle).calls[0].first_token == call.attempts[1].first_token


@pytest.mark.parametrize("strategy", ["gather", "threads"])
async def test_a_cancelled_call_keeps_the_first_token_that_came(held: HeldStreams, strategy: str):
    held.first.release(9)
    handle = nb.start(questions(1), connect(held), strategy=strategy, stream=True)
    (call,) = handle.partial.calls
    await wait_until_async(lambda: is_answering(call))

    handle.cancel()
    await wait_until_async(lambda: handle.done)

    assert call.outcome == "cancelled"
    assert call.first_token is not None
    assert call.finished is not None
    assert call.first_token <= call.finished


async def test_a_token_after_the_end_of_its_run_changes_no_record(held: HeldStreams):
    handle = nb.start(questions(1), connect(held), strategy="threads", stream=True)
    (call,) = handle.partial.calls
    await wait_until_async(lambda: call.attempts)

    handle.cancel()
    await wait_until_async(lambda: handle.done)
    held.first.release(9)
    held.rest.set()

    assert (call.outcome, call.first_token) == ("cancelled", None)


async def test_what_is_not_streamed_has_no_first_token(held: HeldStreams):
    handle = nb.start(questions(1), nb.connect(speed=20, verbose=False), stream=False)
    (call,) = handle.partial.calls

    await handle

    assert call.first_token is None


async def test_the_calls_within_a_function_tell_theirs_as_well(held: HeldStreams):
    from openai import AsyncOpenAI

    async def ask(question: str) -> str:
        async with AsyncOpenAI(base_url=held.base_url, api_key="none", max_retries=0) as client:
            stream = await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": question}], stream=True
            )
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    held.first.release(9)
    handle = nb.start(["Why?"], ask)
    (call,) = handle.partial.calls

    await wait_until_async(lambda: call.children and call.children[0].first_token is not None)
    assert call.children[0].finished is None

    held.rest.set()
    assert (await handle).results == ["Yes"]
