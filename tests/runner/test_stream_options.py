"""What a run sends unasked is left out where it is not wanted, or where the server refuses it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import aiml_nb as nb

WAYS = pytest.mark.parametrize("strategy", ["threads", "gather"])
QUESTIONS = [f"Question {number}?" for number in range(12)]
WORDS = {
    "openai": {"error": {"message": "Unrecognized request argument: stream_options"}},
    "pydantic": {
        "detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs not allowed"}]
    },
    "param": {"error": {"message": "Unknown parameter.", "param": "stream_options"}},
    "include_usage": {"error": {"message": "include_usage is not supported"}},
    "plain": {"message": "property 'stream_options' is unsupported"},
    "another spelling": {"message": "Stream options are not supported"},
}
_CHUNK = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def _stream() -> bytes:
    choices = [
        {"index": 0, "delta": {"content": "Yes."}, "finish_reason": None},
        {"index": 0, "delta": {}, "finish_reason": "stop"},
    ]
    events = [f"data: {json.dumps({**_CHUNK, 'choices': [each]})}\n\n" for each in choices]
    return "".join([*events, "data: [DONE]\n\n"]).encode()


@contextmanager
def refusing_server(
    status: int = 400, words: Any = WORDS["openai"], *, always: bool = False
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Refuse what has `stream_options`, or, if so wished, everything; keep the bodies."""
    bodies: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each reply waits for 40 ms

        def do_GET(self) -> None:
            self._answer(404, b"{}", "application/json")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            bodies.append(body)
            if always or "stream_options" in body:
                self._answer(status, json.dumps(words).encode(), "application/json")
            else:
                self._answer(200, _stream(), "text/event-stream")

        def _answer(self, code: int, body: bytes, kind: str) -> None:
            self.send_response(code)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", bodies
    finally:
        server.shutdown()
        server.server_close()


def ask(base_url: str, strategy: str, **options: Any) -> nb.Run:
    endpoint = nb.connect(base_url=base_url, model="m", verbose=False)
    options = {"stream": True, "max_concurrency": 4, **options}
    return nb.run(QUESTIONS, endpoint, strategy=strategy, **options)


# A 500 is what a server says that calls a function by what it was sent.
_REFUSALS = [
    *((each, 400) for each in WORDS),
    *(("openai", status) for status in (200, 404, 422, 500)),
]


@pytest.mark.parametrize("strategy", ["sequential", "workers"])
@pytest.mark.parametrize(("words", "status"), _REFUSALS)
def test_a_server_that_refuses_it_is_asked_without_it(
    words: str, status: int, strategy: str
) -> None:
    with refusing_server(status, WORDS[words]) as (base_url, bodies):
        run = ask(base_url, strategy, max_attempts=1)

    assert {call.outcome for call in run.calls} == {"ok"}
    assert run.stopped is None
    # Those that were on their way together, and nobody after them.
    assert 1 <= sum("stream_options" in body for body in bodies) <= 4
    assert "stream_options" not in bodies[-1]
    assert len([said for said in run.notices if "stream_options" in said]) == 1


@WAYS
def test_none_leaves_it_out_from_the_first_request_on(strategy: str) -> None:
    with refusing_server() as (base_url, bodies):
        run = ask(base_url, strategy, stream_options=None)

    assert {call.outcome for call in run.calls} == {"ok"}
    assert len(bodies) == len(QUESTIONS)
    assert not any("stream_options" in body for body in bodies)
    assert run.notices == []


@WAYS
def test_what_was_asked_for_is_not_left_out(strategy: str) -> None:
    with refusing_server() as (base_url, bodies):
        run = ask(base_url, strategy, stream_options={"include_usage": True})

    assert {(call.outcome, call.error_type) for call in run.calls} == {("error", "400")}
    assert all("stream_options" in body for body in bodies)
    assert {len(call.attempts) for call in run.calls} == {1}


@WAYS
def test_a_refusal_of_something_else_is_not_tried_again(strategy: str) -> None:
    other = {"error": {"message": "The prompt is too long."}}
    with refusing_server(400, other, always=True) as (base_url, bodies):
        run = ask(base_url, strategy)

    assert {call.error_type for call in run.calls} == {"400"}
    assert len(bodies) == len(QUESTIONS)


@WAYS
def test_a_server_that_refuses_it_even_where_it_is_not_sent_gets_one_more_request(
    strategy: str,
) -> None:
    with refusing_server(always=True) as (base_url, bodies):
        run = ask(base_url, strategy)

    assert {call.error_type for call in run.calls} == {"400"}
    assert max(len(call.attempts) for call in run.calls) == 2
    assert len(bodies) <= len(QUESTIONS) + 4


@pytest.mark.parametrize("strategy", ["sequential", "gather"])
def test_a_run_without_streams_sends_none(strategy: str) -> None:
    with refusing_server() as (base_url, bodies):
        ask(base_url, strategy, stream=False, stream_options=None)

    assert not any("stream_options" in body for body in bodies)
