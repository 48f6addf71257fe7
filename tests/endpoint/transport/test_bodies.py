"""Bodies that are packed though they were asked for plain, broken ones, and streams without end."""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from itertools import cycle, product, starmap
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.endpoint.transport.guard import MAX_BYTES, MAX_STREAM_BYTES

from ...raw_server import SSE_HEAD, raw_server
from ...rows import exhaustive, in_turn, slow
from .connections import Exchange, connection_server

WORDS = "Slow down, please."
ERROR = json.dumps({"error": {"message": WORDS}}).encode()
ANSWER = json.dumps(
    {"choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}]}
).encode()
EVENTS = (
    b'data: {"choices":[{"delta":{"content":"Yes."}}]}\n\n'
    b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
STRATEGIES = ("sequential", "gather")


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


# How an error's body is packed, and whether its words can be read.
PACKED: dict[str, tuple[str, Any, bool]] = {
    "gzip": ("gzip", gzip.compress, True),
    "capitals": ("GZIP", gzip.compress, True),
    "beside identity": ("identity, x-gzip", gzip.compress, True),
    "deflate": ("deflate", zlib.compress, True),
    "bare deflate": ("deflate", bare, True),
    "broken gzip": ("gzip", lambda data: gzip.compress(data)[:12] + b"\xff" * 20, False),
    "cut gzip": ("gzip", lambda data: gzip.compress(data)[:-12], False),
    "empty gzip": ("gzip", lambda data: b"", False),
    "no gzip": ("gzip", lambda data: data, True),
    "br": ("br", lambda data: b"\x8b\x0e\x80" + data[:9] + b"\xff\x03", False),
    "zstd": ("zstd", lambda data: b"\x28\xb5\x2f\xfd\xff\xff", False),
    "twice": ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data)), False),
    "unknown": ("rot13", lambda data: data, True),
    "bomb": ("gzip", lambda data: gzip.compress(b" " * 20 * MAX_BYTES), False),
    "too large": ("identity", lambda data: b" " * 2 * MAX_BYTES, False),
}


def head_of(status: int, encoding: str, *more: bytes) -> bytes:
    lines = [b"HTTP/1.1 %d Said" % status, b"content-encoding: " + encoding.encode(), *more]
    return b"\r\n".join([*lines, b"connection: close\r\n\r\n"])


def ask(base_url: str, strategy: str, *, stream: bool = False, **options: Any) -> nb.Run:
    endpoint = nb.connect(base_url=base_url, api_key="key", model="m", verbose=False)
    options = {"max_attempts": 1, "timeout": 20, **options}
    return nb.run(["Who?"], endpoint, strategy=strategy, stream=stream, **options)


@pytest.mark.parametrize(("name", "strategy"), in_turn(PACKED, STRATEGIES))
def test_a_refusal_keeps_its_status_however_its_body_is_packed(name: str, strategy: str) -> None:
    encoding, pack, can_be_read = PACKED[name]
    status = 401 if len(name) % 2 else 403
    with raw_server(head_of(status, encoding) + pack(ERROR)) as server:
        run = ask(server.base_url, strategy, stream=len(name) % 3 == 0)

    call = run.calls[0]
    assert (call.outcome, call.error_type) == ("error", str(status))
    assert (WORDS in (call.error or "")) == can_be_read


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    "end",
    [
        pytest.param(b"content-length: 999\r\n\r\n{", id="too short"),
        pytest.param(b"transfer-encoding: chunked\r\n\r\n5\r\n{\r\n", id="cut chunk"),
        pytest.param(b"transfer-encoding: chunked\r\n\r\nno number\r\n", id="no chunk"),
    ],
)
def test_a_refusal_keeps_its_status_if_its_body_breaks_off(end: bytes, strategy: str) -> None:
    with raw_server(b"HTTP/1.1 401 Said\r\nconnection: close\r\n" + end) as server:
        call = ask(server.base_url, strategy).calls[0]

    assert call.error_type == "401" or (strategy == "gather" and b"no number" in end)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_packed_429_is_waited_for(strategy: str) -> None:
    def answer(exchange: Exchange) -> None:
        if exchange.connection == 0:
            exchange.send(head_of(429, "gzip", b"retry-after: 1") + gzip.compress(ERROR))
            exchange.close()
        else:
            exchange.send(exchange.reply)

    with connection_server(answer) as server:
        call = ask(server.base_url, strategy, max_attempts=3).calls[0]

    assert call.outcome == "ok"
    assert [attempt.error_type for attempt in call.attempts] == ["429", None]
    assert call.attempts[1].backoff_time >= 1


@pytest.mark.parametrize(
    ("name", "strategy", "stream"),
    in_turn(["gzip", "deflate", "bare deflate"], STRATEGIES, [False, True]),
)
def test_an_answer_that_is_packed_is_read(name: str, stream: bool, strategy: str) -> None:
    encoding, pack, _ = PACKED[name]
    body = EVENTS if stream else ANSWER
    with raw_server(head_of(200, encoding) + pack(body)) as server:
        call = ask(server.base_url, strategy, stream=stream).calls[0]

    assert (call.outcome, call.text) == ("ok", "Yes.")


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    ("encoding", "body", "error_type"),
    [
        ("br", b"\x8b\x0e\x80", "encoding"),
        ("gzip", b"\x1f\x8b\x08 and no more", "encoding"),
        ("gzip", gzip.compress(b" " * 20 * MAX_BYTES), "too_large"),
        ("gzip", gzip.compress(ANSWER)[:-20], "bad_response"),
    ],
    ids=["br", "broken", "bomb", "cut"],
)
def test_an_answer_that_cannot_be_unpacked_says_so(
    encoding: str, body: bytes, error_type: str, strategy: str
) -> None:
    with raw_server(head_of(200, encoding) + body) as server:
        call = ask(server.base_url, strategy).calls[0]

    assert (call.outcome, call.error_type) == ("error", error_type)


def endless(piece: bytes, gone: threading.Event) -> Any:
    """Return what answers with a stream of the same piece until the caller hangs up."""

    def answer(exchange: Exchange) -> None:
        try:
            exchange.send(SSE_HEAD)
            while True:
                exchange.send(piece)
        except OSError:
            gone.set()

    return answer


ENDLESS = {
    "an event without end": b"data: x\n" * 2000,
    "empty lines of data": b"data:\n" * 3000,
    "carriage returns": b"data: x\r" * 2000,
    "a line without end": b"data: " + b"x" * 16000,
    "deltas": b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % (b"x" * 9000),
    "small deltas": b'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n' * 200,
}


@pytest.mark.parametrize(
    ("name", "strategy"),
    [
        *product(["an event without end"], STRATEGIES),
        *starmap(slow, zip([*ENDLESS][1:], cycle(STRATEGIES), strict=False)),
        *starmap(exhaustive, zip([*ENDLESS][1:], cycle(STRATEGIES[::-1]), strict=False)),
    ],
)
def test_a_stream_without_end_is_cut_off_at_once(name: str, strategy: str) -> None:
    gone = threading.Event()
    with connection_server(endless(ENDLESS[name], gone)) as server:
        call = ask(server.base_url, strategy, stream=True, timeout=300).calls[0]

        assert gone.wait(10)
    most = MAX_STREAM_BYTES if "deltas" in name else MAX_BYTES
    assert (call.outcome, call.error_type) == ("error", "too_large")
    assert f"more than {most // 2**20} MiB" in (call.error or "")
