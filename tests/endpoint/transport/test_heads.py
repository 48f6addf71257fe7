"""Both clients bear the same heads, and repeat nothing of what stands in them."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

import aiml_nb as nb
from tests.raw_server import raw_server

COOKIE = b"a-cookie-of-somebody"
BODY = json.dumps(
    {
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Four."},
                "finish_reason": "stop",
            }
        ],
    }
).encode()
LENGTH = b"content-length: %d" % len(BODY)
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
CHUNKED = b"transfer-encoding: chunked"
KEPT = 100 * 1024


def reply(*headers: bytes, status: bytes = b"HTTP/1.1 200 OK", body: bytes = BODY) -> bytes:
    if not any(header.lower().startswith((b"content-l", b"transfer-")) for header in headers):
        headers = (*headers, LENGTH)
    return b"\r\n".join([status, b"content-type: application/json", *headers]) + b"\r\n\r\n" + body


GOOD = {
    "one header of 9 kB": reply(b"set-cookie: " + b"a" * 9000),
    "one header of 60 kB": reply(b"x-a: " + b"a" * 60_000),
    "one header of 95 kB": reply(b"x-a: " + b"a" * 95_000),
    "130 headers": reply(*[b"x-%d: 1" % number for number in range(130)]),
    "5,000 headers": reply(*[b"x-%d: 1" % number for number in range(5000)]),
    "130 cookies": reply(*[b"set-cookie: c%d=1" % number for number in range(130)]),
    "a name of 9 kB": reply(b"x-" + b"a" * 9000 + b": 1"),
    "a reason of 9 kB": reply(status=b"HTTP/1.1 200 " + b"a" * 9000),
    "no reason": reply(status=b"HTTP/1.1 200"),
    "an empty value": reply(b"x-a:"),
    "a folded line": reply(b"x-a: b\r\n c"),
    "letters of no alphabet": reply(b"x-a: \xff\xfe", "x-b: é".encode()),
    "its length twice": reply(LENGTH, LENGTH),
    "its length twice in one line": reply(b"content-length: %d, %d" % (len(BODY), len(BODY))),
    "more than its length": reply(LENGTH, body=BODY + b"\nxyz"),
    "its length beside chunks": reply(LENGTH, CHUNKED, body=CHUNKS),
    "chunks with remarks": reply(CHUNKED, body=CHUNKS.replace(b"\r\n", b";remark=1\r\n", 1)),
    "chunks and a trailer": reply(CHUNKED, body=CHUNKS[:-2] + b"set-cookie: a=b\r\n\r\n"),
    "a notice before": b"HTTP/1.1 103 Early\r\nlink: a\r\n\r\n" * 3 + reply(),
    "line breaks of one byte": reply(b"x-a: b").replace(b"\r\n", b"\n"),
}
BAD = {
    "a header of 200 kB": reply(b"set-cookie: " + COOKIE + b"a" * 200_000),
    "200 headers of 1 kB": reply(*[b"set-cookie: " + COOKIE + b"a" * 1000] * 200),
    "20,000 headers": reply(*[b"x-%d: 1" % number for number in range(20_000)]),
    "more than is borne": reply(b"set-cookie: " + COOKIE + b"a" * KEPT),
    "no status line": b"Error: bad cookie " + COOKIE + b"\r\n\r\n",
    "no number for a status": b"HTTP/1.1 " + COOKIE + b"\r\n\r\n",
    "no HTTP at all": b"SSH-2.0-" + COOKIE + b"\r\n",
    "noise": COOKIE + b"\0\1\2" * 100,
    "a header without a colon": reply(b"set-cookie " + COOKIE),
    "a header with a blank in its name": reply(b"set cookie: " + COOKIE),
    "a header with a NUL": reply(b"set-cookie: " + COOKIE + b"\0"),
    "a length that is none": reply(b"content-length: " + COOKIE),
    "two lengths": reply(LENGTH, b"content-length: 5"),
    "a chunk of no size": reply(CHUNKED, body=b"zz" + COOKIE + b"\r\n" + BODY),
    "a bad trailer": reply(CHUNKED, body=CHUNKS[:-2] + b"set cookie " + COOKIE + b"\r\n\r\n"),
}
CUT = {
    "in the head": reply(b"set-cookie: " + COOKIE, b"x-a: b")[:90],
    "in the body": reply(b"set-cookie: " + COOKIE)[:-20],
    "in a chunk": reply(b"set-cookie: " + COOKIE, CHUNKED, body=CHUNKS)[:-40],
}
WAYS = ("sequential", "threads", "gather")


def ask(answer: bytes, strategy: str, **options: Any) -> nb.Call:
    with raw_server(answer) as server:
        endpoint = nb.connect(base_url=server.base_url, model="m", verbose=False)
        options = {"strategy": strategy, "max_attempts": 1, "progress": False} | options
        return nb.run(["Two and two?"], endpoint, **options).calls[0]


@pytest.mark.parametrize("strategy", WAYS)
@pytest.mark.parametrize("name", GOOD)
def test_what_can_be_read_is(name: str, strategy: str) -> None:
    call = ask(GOOD[name], strategy)

    assert (call.outcome, call.text) == ("ok", "Four.")


@pytest.mark.parametrize("strategy", WAYS)
@pytest.mark.parametrize("name", BAD)
def test_what_cannot_is_an_error_that_repeats_nothing(
    name: str, strategy: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        call = ask(BAD[name], strategy)

    assert (call.outcome, call.error_type) == ("error", "protocol")
    assert call.error is not None
    assert call.error.startswith(("the reply is not HTTP", "the head of the reply"))
    assert COOKIE.decode() not in call.error + caplog.text


@pytest.mark.parametrize("strategy", WAYS)
@pytest.mark.parametrize("name", CUT)
def test_nor_does_that_of_a_reply_that_was_cut_off(name: str, strategy: str) -> None:
    call = ask(CUT[name], strategy)

    assert (call.outcome, call.error_type) == ("error", "no_reply")
    assert COOKIE.decode() not in str(call.error)


@pytest.mark.parametrize("strategy", WAYS)
def test_nor_that_of_an_encoded_one(strategy: str) -> None:
    call = ask(reply(b"content-encoding: " + COOKIE), strategy)

    assert call.error_type == "encoding"
    assert COOKIE.decode() not in str(call.error)


@pytest.mark.parametrize("strategy", WAYS)
@pytest.mark.parametrize(("length", "outcome"), [(-1, "ok"), (1, "error")])
def test_the_bound_is_the_same_to_the_byte(strategy: str, length: int, outcome: str) -> None:
    bare = reply(b"x-a: ").partition(b"\r\n\r\n")[0].partition(b"\r\n")[2]

    call = ask(reply(b"x-a: " + b"a" * (KEPT + length - len(bare) - 2)), strategy)

    assert call.outcome == outcome
