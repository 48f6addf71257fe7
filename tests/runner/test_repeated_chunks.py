"""Chunks that differ in their text alone come to what they come to when each is parsed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aiml_nb.replies import incoming as reading
from aiml_nb.replies import repeated
from aiml_nb.replies.incoming import Incoming
from aiml_nb.replies.parse import EventParser, parse_json

from .replies import delta, end, piece, stream

WORDS = (
    "Hello",
    " world",
    "",
    "\n",
    'a "quote"',
    "back\\slash",
    "ä„“",
    "\u2028",
    "content",
    "\x7f",
    "1",
)
OTHERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "role": lambda word: piece(delta(role="assistant", content=word)),
    "another role": lambda word: piece(delta(role="tool", content=word)),
    "another model": lambda word: piece(delta(content=word), model="m-2"),
    "no content": lambda word: piece(delta(content=None)),
    "another choice": lambda word: piece(delta(1, content=word)),
    "two choices": lambda word: piece(delta(content=word), delta(1, content=word)),
    "parts": lambda word: piece(delta(content=[{"type": "text", "text": word}])),
    "reasoning": lambda word: piece(delta(content="", reasoning_content=word)),
    "text twice": lambda word: piece(delta(content=word), note=word),
    "log": lambda word: piece(delta(content=word, logprobs={"content": [word]})),
    "usage": lambda word: piece(delta(content=word), usage={"completion_tokens": len(word)}),
    "the end": lambda word: piece(delta(content=word, finish_reason="stop")),
    "the end of the second": lambda _: piece(delta(1, finish_reason="length")),
    "no chunk": lambda word: {"note": word},
}
CHUNKS = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from(["", "", "", *OTHERS])), max_size=20
)


def chunk_of(word: str, kind: str) -> dict[str, Any]:
    return OTHERS[kind](word) if kind else piece(delta(content=word))


def read(data: bytes, *, parses_all: bool = False, step: int = 10**9) -> tuple[Any, ...]:
    """Return what a stream comes to."""
    ticks = iter(range(10**6))
    incoming = Incoming(lambda: float(next(ticks)), 2)
    if parses_all:
        incoming._repeated = None
    failed, at = "", 0
    try:
        while at < len(data) and not incoming.feed(data[at : at + step]):
            at += step
        incoming.end()
    except ValueError as error:
        failed = str(error)
    built = json.dumps(incoming.build())
    return built, incoming.first_token, incoming.is_complete, failed


class TestAnyStream:
    @given(chunks=CHUNKS, ascii_only=st.booleans(), step=st.sampled_from([7, 500, 10**9]))
    @example(chunks=[("", ""), ("a", ""), ("b", "")], ascii_only=True, step=10**9)
    @example(
        chunks=[("a", ""), ("b", ""), ("c", "another model"), ("d", "")], ascii_only=True, step=7
    )
    def test_it_comes_to_the_same(
        self, chunks: list[tuple[str, str]], ascii_only: bool, step: int
    ) -> None:
        events = [
            f"data: {json.dumps(chunk_of(*chunk), ensure_ascii=ascii_only)}\n\n".encode()
            for chunk in chunks
        ]
        data = b"".join((*events, b"data: [DONE]\n\n"))

        assert read(data, step=step) == read(data, parses_all=True, step=step)

    @given(
        insert=st.binary(max_size=4) | st.sampled_from([b'"', b'","x":"', b"\\", b"\n\n", b"\r"]),
        at=st.integers(0, 10**4),
        cut=st.integers(0, 3),
    )
    def test_so_does_a_spoiled_one(self, insert: bytes, at: int, cut: int) -> None:
        data = stream(*[piece(delta(content=word)) for word in ("a", "b", "c", "d")], piece(end()))
        at %= len(data)
        data = data[:at] + insert + data[at + cut :]

        assert read(data) == read(data, parses_all=True)


LINES = st.sampled_from(
    [b"data: {}", b"data:{", b"data: x", b"data", b"event: e", b": c", b"error: {", b"", b" ", b"d"]
)
LINE_ENDS = st.sampled_from([b"\n", b"\n", b"\n\n", b"\r\n", b"\r"])


@given(st.lists(st.tuples(LINES, LINE_ENDS), max_size=12), st.integers(1, 30))
def test_events_are_the_same_in_one_piece(lines: list[tuple[bytes, bytes]], size: int) -> None:
    data = b"".join(map(b"".join, lines))

    def split(step: int) -> list[bytes]:
        parser = EventParser()
        pieces = [data[at : at + step] for at in range(0, len(data), step)]
        return [event for each in pieces for event in parser.feed(each)] + parser.end()

    assert split(len(data) or 1) == split(1) == split(size)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The chunks that were parsed, for what they say and to learn from them."""
    seen: list[bytes] = []

    def note(data: bytes) -> Any:
        seen.append(data)
        return parse_json(data)

    for module in (reading, repeated):
        monkeypatch.setattr(module, "parse_json", note)
    return seen


def test_few_chunks_are_parsed(parsed: list[bytes]) -> None:
    words = ["word", " and", " word"] * 30

    text, *_ = read(stream(*[piece(delta(content=word)) for word in words]))

    assert json.loads(text)["choices"][0]["message"]["content"] == "".join(words)
    assert len(parsed) == 2


def test_chunks_that_differ_in_more_are_not_tried_for_ever(parsed: list[bytes]) -> None:
    chunks = [piece(delta(content="word"), obfuscation="x" * (n % 7)) for n in range(50)]

    text, *_ = read(stream(*chunks))

    assert json.loads(text)["choices"][0]["message"]["content"] == "word" * 50
    assert len(parsed) < 60
