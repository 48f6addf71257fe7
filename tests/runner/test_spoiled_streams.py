"""What is whole is not spoiled: not by what comes after it, and not by what it is labelled as."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.endpoint.transport import MAX_BYTES
from aiml_nb.records import Call
from aiml_nb.replies.incoming import Incoming

from ..raw_server import SSE_HEAD, raw_server
from ..rows import in_turn
from .replies import EXAMPLES, LAST, USAGE, begin, delta, end, piece, stream

STRATEGIES = ("sequential", "gather")
BOTH = pytest.mark.parametrize("strategy", STRATEGIES)

START = (begin(content="", refusal=None), piece(delta(content="It is")))
REST = (piece(delta(content=" four.")), end(), LAST)
WHOLE = EXAMPLES["text"].whole


def ask(reply: bytes, strategy: str, *, stream: bool = True, **options: Any) -> Call:
    with raw_server(reply) as server:
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        return nb.run(["Who?"], endpoint, strategy=strategy, stream=stream, **options).calls[0]


# Pieces of a stream that say nothing of an answer: they do no harm anywhere in it.
HARMLESS: dict[str, Any] = {
    "no choices": {"id": "chatcmpl-1", "object": "chat.completion.chunk"},
    "choices that are null": piece() | {"choices": None},
    "an empty list of choices": piece(),
    "a choice that is null": {"choices": [None]},
    "an empty choice": {"choices": [{}]},
    "a choice without delta": {"choices": [{"index": 0, "finish_reason": None}]},
    "a delta that is null": {"choices": [{"index": 0, "delta": None}]},
    "an empty delta": piece(delta()),
    "a delta of nulls": piece(delta(content=None, refusal=None, role=None)),
    "usage without choices": {"object": "chat.completion.chunk", "usage": USAGE},
    "a ping": {"type": "ping"},
    "null": None,
    "an empty object": {},
    "an empty list": [],
    "no data": b"data: \n\n",
    "white space": b"data:   \n\n",
    "a comment": b": OPENROUTER PROCESSING\n\n",
    "an event without data": b"event: ping\nid: 7\nretry: 10\n\n",
    "an event with a name": b'event: message\ndata: {"choices": []}\n\n',
    "a usage that is none": piece(usage="oops") | {"usage": "oops"},
    "members of no kind": {"choices": [], "model": None, "id": 7, "created": "x", "usage": 5},
}
# Pieces that may have been a part of the answer, and cannot be read.
UNREADABLE: dict[str, Any] = {
    "choices of another kind": {"choices": "oops"},
    "choices by name": {"choices": {"0": {"delta": {"content": "x"}}}},
    "a choice that is a text": {"choices": ["oops"]},
    "a delta that is a text": {"choices": [{"index": 0, "delta": "oops"}]},
    "a delta that is a list": {"choices": [{"index": 0, "delta": ["oops"]}]},
    "a content that is a number": piece(delta(content=5)),
    "a content that is true": piece(delta(content=True)),
    "a number": 5,
    "a text": "oops",
    "a list": [1],
    "no JSON": b"data: {oops\n\n",
    "words": b"data: still working on it\n\n",
    "bad UTF-8": b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n',
    "deep JSON": b"data: %s\n\n" % (b"[" * 100_000),
}
# What ends a stream that is not over.
FATAL: dict[str, Any] = {
    "an error": {"error": {"message": "overloaded"}},
    "an error in words": {"error": "overloaded"},
    "an error beside a choice": piece(delta(0, "error"), error={"message": "overloaded"}),
    "an error of another shape": {"detail": "overloaded"},
}


class TestPieces:
    @pytest.mark.parametrize(
        ("name", "strategy"), in_turn([*HARMLESS, *UNREADABLE, *FATAL], STRATEGIES)
    )
    def test_after_a_complete_answer_nothing_spoils_it(self, name: str, strategy: str) -> None:
        odd = (HARMLESS | UNREADABLE | FATAL)[name]
        for after in ((odd, LAST), (LAST, odd), (LAST, odd, odd)):
            call = ask(SSE_HEAD + stream(*START, *REST[:2], *after), strategy)

            assert (call.outcome, call.error, call.text) == ("ok", None, "It is four.")
            assert (call.input_tokens, call.output_tokens) == (11, 7)
            assert call.finish_reason == "stop"
            assert call.message == WHOLE["choices"][0]["message"]

    @pytest.mark.parametrize(("name", "strategy"), in_turn(HARMLESS, STRATEGIES))
    def test_what_says_nothing_spoils_nothing_anywhere(self, name: str, strategy: str) -> None:
        odd = HARMLESS[name]
        for pieces in ((odd, *START, *REST), (*START, odd, *REST), (*START, odd, odd, *REST)):
            call = ask(SSE_HEAD + stream(*pieces), strategy)

            assert (call.outcome, call.error, call.text) == ("ok", None, "It is four.")
            assert (call.input_tokens, call.output_tokens) == (11, 7)
            assert call.message == WHOLE["choices"][0]["message"]

    @pytest.mark.parametrize(("name", "strategy"), in_turn(UNREADABLE, STRATEGIES))
    def test_what_cannot_be_read_is_told_and_all_else_is_kept(
        self, name: str, strategy: str
    ) -> None:
        call = ask(SSE_HEAD + stream(*START, UNREADABLE[name], *REST), strategy)

        assert (call.outcome, call.error_type) == ("error", "bad_response")
        assert "a piece of the stream" in str(call.error)
        assert (call.text, call.finish_reason) == ("It is four.", "stop")
        assert (call.input_tokens, call.output_tokens, call.model) == (11, 7, "m-1")
        assert call.attempts[0].status == 200

    @BOTH
    @pytest.mark.parametrize("name", FATAL)
    def test_an_error_ends_it_and_what_came_is_kept(self, name: str, strategy: str) -> None:
        call = ask(SSE_HEAD + stream(*START, FATAL[name], *REST), strategy)

        assert (call.outcome, call.error_type, call.error) == ("error", "stream", "overloaded")
        assert call.text == "It is"

    @BOTH
    def test_one_of_two_choices_is_not_all(self, strategy: str) -> None:
        """An answer is complete only when all choices are that were asked for."""
        first = stream(*START, end(), UNREADABLE["a list"], done=False)
        other = stream(piece(delta(1, content="Five.")), end("stop", 1), LAST)
        for pieces in (first + other, first):
            call = ask(SSE_HEAD + pieces, strategy, n=2)
            assert (call.outcome, call.error_type) == ("error", "bad_response")
        call = ask(
            SSE_HEAD + stream(*START, end(), *HARMLESS.values(), done=False) + other, strategy
        )
        assert (call.outcome, call.n_choices) == ("ok", 2)

    @BOTH
    def test_a_choice_that_never_came_makes_an_answer_incomplete(self, strategy: str) -> None:
        call = ask(SSE_HEAD + stream(*START, end(), done=False), strategy, n=2)

        assert (call.outcome, call.text) == ("incomplete", "It is")
        assert call.error == "1 of 2 choices came before the stream ended"
        # Servers that give one choice whatever is asked for say that they are done.
        call = ask(SSE_HEAD + stream(*START, end()), strategy, n=2)
        assert (call.outcome, call.n_choices) == ("ok", 1)

    @BOTH
    def test_the_whole_message_at_the_end_is_not_said_twice(self, strategy: str) -> None:
        message = {"role": "assistant", "content": "It is four."}
        last = {"index": 0, "finish_reason": "stop", "message": message}
        for pieces in ((*START, REST[0], piece(last)), (piece(last),)):
            call = ask(SSE_HEAD + stream(*pieces), strategy)

            assert (call.outcome, call.text) == ("ok", "It is four.")
            assert call.message["content"] == "It is four."
            assert call.first_token is not None


FORMS = {
    "plain": lambda body: body,
    "a mark before it": lambda body: b"\xef\xbb\xbf" + body,
    "white space before it": lambda body: b"\r\n \n" * 50 + body,
}
LABELS = (
    *("application/json", "application/json; charset=utf-8", "text/plain", "text/event-stream"),
    *("text/html", "application/octet-stream", None),
)


@pytest.mark.parametrize(
    ("label", "streamed", "asked", "strategy"),
    in_turn(LABELS, (False, True), (False, True), STRATEGIES),
)
def test_what_came_is_known_by_its_first_bytes(
    label: str | None, streamed: bool, asked: bool, strategy: str
) -> None:
    example = EXAMPLES["text"]
    body = example.reply(streamed=streamed).partition(b"\r\n\r\n")[2]
    kind = f"content-type: {label}\r\n" if label else ""
    for form in FORMS.values():
        head = f"HTTP/1.1 200 OK\r\n{kind}connection: close\r\n\r\n".encode()
        call = ask(head + form(body), strategy, stream=asked)

        assert (call.outcome, call.error) == ("ok", None)
        assert call.body == example.whole
        assert (call.first_token is not None) == asked


@BOTH
@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize(
    "body", [b"<html><p>Hi</p></html>", b"data", b"oops", b"null", b'"data: x"', b"{", b"[1]", b"5"]
)
def test_what_is_neither_is_a_bad_response(body: bytes, asked: bool, strategy: str) -> None:
    call = ask(SSE_HEAD + body, strategy, stream=asked)

    if asked and body == b"data":  # the beginning of a stream that was cut off
        assert call.outcome == "incomplete"
    else:
        assert (call.outcome, call.error_type) == ("error", "bad_response")
    assert call.first_token is None


@contextmanager
def ending_server(reply: bytes, ending: str) -> Iterator[str]:
    """Answer once, in two pieces, and end the connection in some way, or never."""
    listener, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                request = connection.recv(65536)
                if b"GET" in request[:3]:
                    connection.sendall(b"HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n")
                    continue
                connection.sendall(reply)
                if ending == "silence":
                    over.wait(30)
                elif ending == "reset":
                    over.wait(0.2)  # what came is read first, which a reset would discard
                    linger = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


HEADS = {
    "no length": b"",
    "chunks": b"transfer-encoding: chunked\r\n",
    "a length": b"content-length: 99999\r\n",
}


@pytest.mark.parametrize(
    ("ending", "framing", "strategy"), in_turn(["close", "reset", "silence"], HEADS, STRATEGIES)
)
def test_a_connection_that_ends_badly_after_a_complete_answer_does_not_spoil_it(
    ending: str, framing: str, strategy: str
) -> None:
    body = stream(*START, *REST, done=False)
    if framing == "chunks":
        body = b"%x\r\n%s\r\n" % (len(body), body)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n" + HEADS[framing] + b"\r\n"
    with ending_server(head + body, ending) as base_url:
        endpoint = nb.connect(base_url=base_url, verbose=False)
        run = nb.run(["Who?"], endpoint, strategy=strategy, stream=True, timeout=1.5)
    (call,) = run.calls

    assert (call.outcome, call.error, call.text) == ("ok", None, "It is four.")
    assert call.body == WHOLE
    assert len(call.attempts) == 1
    assert (call.attempts[0].status, call.attempts[0].error_type) == (200, None)


def test_events_are_the_same_however_their_bytes_come() -> None:
    """At any place, in ones and at random; with any of the ends that lines may have."""
    example, chance = EXAMPLES["two tool calls at once"], random.Random(7)  # noqa: S311
    body = stream(b": hello\n", *example.pieces).replace(b"data: {", b"id: 3\ndata: {")
    assert b"\n" in body
    for line_end in (b"\n", b"\r\n", b"\r"):
        data = body.replace(b"\n", line_end)
        for size in (1, 2, 3, 7, 64, 1000, len(data), 0):
            incoming, at = Incoming(lambda: 1.0, 1), 0
            while at < len(data):
                step = size or chance.randrange(1, 200)
                incoming.feed(data[at : at + step])
                at += step
            assert incoming.end() is None
            assert incoming.is_complete
            assert incoming.build() == example.whole


@BOTH
@pytest.mark.parametrize("asked", [False, True], ids=["asked whole", "asked in pieces"])
@pytest.mark.parametrize(
    "form",
    [
        lambda body: body.replace(b"\n\n", b"\n"),  # no empty line between two events
        lambda body: body.replace(b"\n\n", b"\n").replace(b"data: ", b""),  # lines of JSON
        lambda body: json.dumps(WHOLE).encode() + b"\n" + body,  # whole, and then something else
        lambda body: json.dumps(WHOLE).encode() + b"\0<!-- 5 ms -->",
    ],
)
def test_a_whole_answer_is_read_whatever_stands_between_its_lines_or_after_it(
    form: Any, asked: bool, strategy: str
) -> None:
    example = EXAMPLES["text"]
    body = form(example.reply(streamed=True).partition(b"\r\n\r\n")[2])

    call = ask(SSE_HEAD + body, strategy, stream=asked)

    assert (call.outcome, call.error, call.body) == ("ok", None, example.whole)


def test_an_event_is_taken_with_the_next_though_no_empty_line_stands_between() -> None:
    incoming = Incoming(lambda: 1.0, 1)
    incoming.feed(stream(*START, done=False).replace(b"\n\n", b"\n"))
    assert incoming.first_token is None
    incoming.feed(b"data: {}\n")
    assert incoming.first_token == 1.0


def test_line_ends_within_a_text_are_read() -> None:
    event = json.dumps(piece(delta(content="a\tb"))).replace("\\t", "\t")
    incoming = Incoming(lambda: 1.0, 1)
    incoming.feed(f"data: {event}\n\n".encode())
    incoming.end()
    body = incoming.build()

    assert body is not None
    assert body["choices"][0]["message"]["content"] == "a\tb"


def test_data_of_several_lines_is_one_event() -> None:
    lines = json.dumps(EXAMPLES["text"].pieces[1], indent=1).splitlines()
    event = "".join(f"data:{line}\n" for line in lines).encode() + b"\n"
    incoming = Incoming(lambda: 1.0, 1)
    incoming.feed(event)

    assert incoming.end() is None
    body = incoming.build()
    assert body is not None
    assert body["choices"][0]["message"]["content"] == "It is"


def test_a_body_that_is_no_stream_has_a_most() -> None:
    incoming = Incoming(lambda: 1.0, 1)
    incoming.feed(b"{" + b" " * (MAX_BYTES - 1))
    with pytest.raises(Exception, match="more than 8 MiB"):
        incoming.feed(b" ")


def test_white_space_without_end_fills_no_memory() -> None:
    incoming = Incoming(lambda: 1.0, 1)
    for _ in range(300):
        incoming.feed(b" \r\n" * 30_000)

    assert incoming.end() is None
    assert incoming.build() is None
