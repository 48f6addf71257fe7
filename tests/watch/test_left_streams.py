"""Streams that are left before their end, and replies that are read in whatever way there is."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from openai import OpenAI

import aiml_nb as nb
from aiml_nb.records import Call

from ..raw_server import JSON_HEAD, SSE_HEAD, raw_server
from ..waiting import take
from .model_server import ANSWER, ModelServer, pieces, whole
from .test_kinds import CHAT, open_client, trust_nothing
from .test_watch import ask, client, open_async, server

__all__ = ["client", "server"]  # fixtures

CAME = ANSWER[:6]  # what a gated stream sends at once
KEPT: list[Any] = []  # what a user still has a name for


@pytest.fixture
def gate(server: ModelServer) -> Iterator[threading.Event]:
    """What a stream waits for after its first text."""
    event = threading.Event()
    server.gates = [event]
    yield event
    event.set()
    KEPT.clear()


def post(server: ModelServer) -> dict[str, Any]:
    return {"url": f"{server.base_url}/chat/completions", "json": CHAT | {"stream": True}}


def has_text(chunk: Any) -> bool:
    return bool(chunk.choices[0].delta.content)


def break_out(server: ModelServer) -> None:
    stream = ask(open_client(server), stream=True)
    KEPT.append(stream)
    for chunk in stream:
        if has_text(chunk):
            break


def raise_in_loop(server: ModelServer) -> None:
    try:
        for chunk in ask(open_client(server), stream=True):
            if has_text(chunk):
                1 / 0  # noqa: B018
    except ZeroDivisionError as error:
        KEPT.append(error)  # with its traceback, as sys.last_exc of a notebook has it


def read_lines_of_a_response(server: ModelServer) -> None:
    KEPT.append(http := ExitStack())
    created = open_client(server).chat.completions.with_streaming_response.create
    response = http.enter_context(created(**CHAT, stream=True))
    next(line for line in response.iter_lines() if CAME.replace('"', '\\"') in line)


def stream_with_httpx2(server: ModelServer) -> None:
    http = httpx2.Client(verify=trust_nothing())
    response = http.send(http.build_request("POST", **post(server)), stream=True)
    KEPT.append((http, response, lines := response.iter_lines()))
    next(line for line in lines if CAME.replace('"', '\\"') in line)


def iterate_over_raw_pieces(server: ModelServer) -> None:
    http = httpx.Client(verify=trust_nothing())
    response = http.send(http.build_request("POST", **post(server)), stream=True)
    KEPT.append((http, response, raw := response.iter_raw()))
    next(piece for piece in raw if CAME.replace('"', '\\"').encode() in piece)


async def break_out_of_awaited(server: ModelServer) -> None:
    client = open_async(server)
    stream = await client.chat.completions.create(**CHAT, stream=True)
    KEPT.append((client, stream))
    async for chunk in stream:
        if has_text(chunk):
            break


async def cancel_in_loop(server: ModelServer) -> None:
    inside = asyncio.Event()

    async def read() -> None:
        client = open_async(server)
        stream = await client.chat.completions.create(**CHAT, stream=True)
        KEPT.append((client, stream))
        async for chunk in stream:
            if has_text(chunk):
                inside.set()
                await take(20)

    task = asyncio.create_task(read())
    await inside.wait()
    task.cancel()
    await asyncio.wait([task])


async def stream_with_async_httpx(server: ModelServer) -> None:
    http = httpx.AsyncClient(verify=trust_nothing())
    response = await http.send(http.build_request("POST", **post(server)), stream=True)
    KEPT.append((http, response, lines := response.aiter_lines()))
    async for line in lines:
        if CAME.replace('"', '\\"') in line:
            break


LEFT = (
    *(break_out, raise_in_loop, read_lines_of_a_response, stream_with_httpx2),
    *(iterate_over_raw_pieces, break_out_of_awaited, cancel_in_loop, stream_with_async_httpx),
)


@pytest.mark.parametrize("leave", LEFT)
def test_what_had_come_of_a_stream_that_is_left_is_there_when_the_watch_ends(
    server: ModelServer, gate: threading.Event, leave: Any
) -> None:
    async def main() -> nb.Run:
        with nb.watch() as run:
            await leave(server)
        check(run.calls[0])
        return run

    if asyncio.iscoroutinefunction(leave):
        run = asyncio.run(main())
    else:
        with nb.watch() as run:
            leave(server)
    check(run.calls[0])
    finished = run.calls[0].finished
    KEPT.clear()
    gc.collect()  # closes it, however late

    check(run.calls[0])
    assert run.calls[0].finished == finished
    assert run.makespan == finished


def check(call: Call) -> None:
    assert (call.outcome, call.text, call.error_type) == ("incomplete", CAME, None)
    # If it was closed it is known that nobody reads on.
    assert call.error in (
        "the answer had not been read to its end when the watch ended",
        "the answer was not read to its end",
    )
    assert call.started is not None
    assert call.first_token is not None
    assert call.started < call.first_token <= call.finished  # type: ignore[operator]
    assert call.attempts[-1].finished == call.finished


def test_one_that_is_read_on_after_the_watch_is_whole(
    server: ModelServer, gate: threading.Event
) -> None:
    with nb.watch() as run:
        break_out(server)
    check(run.calls[0])
    left = run.calls[0].finished
    gate.set()
    list(KEPT[0])

    (call,) = run.calls
    assert (call.outcome, call.text, call.error) == ("ok", ANSWER, None)
    assert call.finished is not None
    assert left is not None
    assert call.finished > left
    assert call.attempts[-1].finished == pytest.approx(call.finished, abs=0.01)


@pytest.mark.parametrize("is_async", [False, True])
def test_what_a_function_leaves_is_in_its_journal(
    server: ModelServer, gate: threading.Event, tmp_path: Path, is_async: bool
) -> None:
    async def ask_async(item: str) -> str:
        await break_out_of_awaited(server)
        return item

    def ask_blocking(item: str) -> str:
        break_out(server)
        return item

    path = tmp_path / "a.jsonl"
    nb.run(["a"], ask_async if is_async else ask_blocking, journal=path)
    run = nb.read_saved(path)

    assert isinstance(run, nb.Run)
    (child,) = run.calls[0].children
    assert (child.outcome, child.text) == ("incomplete", CAME)
    assert child.error == "the answer had not been read to its end when the function returned"
    assert child.finished is not None


SSE = "".join(pieces("/chat/completions")).encode()
PACKED = zlib.compressobj(wbits=31)
GZIP = PACKED.compress(SSE) + PACKED.flush()
JSON = httpx.Response(200, json=whole("/chat/completions")).content


def packed_head(head: bytes) -> bytes:
    return head.replace(b"connection:", b"content-encoding: gzip\r\nconnection:")


REPLIES = {
    "stream": SSE_HEAD + SSE,
    "packed stream": packed_head(SSE_HEAD) + GZIP,
    "whole": JSON_HEAD + JSON,
}


READERS: dict[str, Any] = {
    "bytes": lambda response: response.iter_bytes(),
    "small bytes": lambda response: response.iter_bytes(7),
    "raw": lambda response: response.iter_raw(),
    "small raw": lambda response: response.iter_raw(7),
    "text": lambda response: response.iter_text(),
    "lines": lambda response: response.iter_lines(),
    "read": lambda response: iter([response.read()]),
    "stream": lambda response: iter(response.stream),
}
ASYNC_READERS: dict[str, Any] = {
    "bytes": lambda response: response.aiter_bytes(),
    "raw": lambda response: response.aiter_raw(),
    "text": lambda response: response.aiter_text(),
    "lines": lambda response: response.aiter_lines(),
    "stream": lambda response: aiter(response.stream),
}


@pytest.fixture(scope="module", params=REPLIES)
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    with raw_server(REPLIES[request.param]) as raw:
        yield f"{raw.base_url}/chat/completions"


class TestReading:
    """Any way of reading a reply is one: what comes of it is recorded."""

    @pytest.mark.parametrize("library", [httpx2, httpx])
    @pytest.mark.parametrize("way", READERS)
    def test_of_a_blocking_client(self, address: str, way: str, library: Any) -> None:
        with (
            library.Client(verify=trust_nothing()) as http,
            http.stream("POST", address, json=CHAT) as plain,
        ):
            expected = list(READERS[way](plain))
        with nb.watch() as run, library.Client(verify=trust_nothing()) as http:
            with http.stream("POST", address, json=CHAT) as response:
                assert isinstance(response.stream, library.SyncByteStream)
                assert list(READERS[way](response)) == expected or way in ("bytes", "raw", "text")
            assert response.is_closed
            assert type(response.stream) is type(plain.stream)
            assert response.elapsed.total_seconds() > 0

        (call,) = run.calls
        assert (call.outcome, call.text, call.error) == ("ok", ANSWER, None)
        assert call.finished is not None

    @pytest.mark.parametrize("library", [httpx2, httpx])
    @pytest.mark.parametrize("way", ASYNC_READERS)
    async def test_of_an_async_client(self, address: str, way: str, library: Any) -> None:
        with nb.watch() as run:
            async with (
                library.AsyncClient(verify=trust_nothing()) as http,
                http.stream("POST", address, json=CHAT) as response,
            ):
                assert isinstance(response.stream, library.AsyncByteStream)
                found = [each async for each in ASYNC_READERS[way](response)]

        assert found
        (call,) = run.calls
        assert (call.outcome, call.text, call.error) == ("ok", ANSWER, None)

    def test_one_that_is_handed_on(self, address: str) -> None:
        """A proxy of one's own gives the stream to another response, which reads it."""
        with nb.watch() as run, httpx2.Client(verify=trust_nothing()) as http:
            inner = http.send(http.build_request("POST", address, json=CHAT), stream=True)
            outer = httpx2.Response(200, headers=inner.headers, stream=inner.stream)
            assert outer.read()

        assert (run.calls[0].outcome, run.calls[0].text) == ("ok", ANSWER)


@pytest.mark.parametrize("kind", ["chat/completions", "completions", "responses", "messages"])
def test_a_stream_that_is_read_to_its_end_before_its_reader_gets_it(
    server: ModelServer, kind: str
) -> None:
    """A hook of the user's own may do that, and who asks for a stream without streaming it."""
    asked = {"model": "gpt-asked", "stream": True}
    hooks: Any = {"response": [lambda response: response.read()]}
    with httpx2.Client(event_hooks=hooks, verify=trust_nothing()) as http, nb.watch() as run:
        with http.stream("POST", f"{server.base_url}/{kind}", json=asked) as response:
            lines = list(response.iter_lines())
        httpx.post(f"{server.base_url}/{kind}", json=asked, verify=trust_nothing())

    assert any("data:" in line for line in lines)
    for call in run.calls:
        assert (call.outcome, call.text, call.output_tokens) == ("ok", ANSWER, 3)
        assert call.first_token is None  # nobody saw it come
    assert run.notices == []


def test_a_response_that_is_dropped_waits_for_no_garbage_collector(server: ModelServer) -> None:
    gc.disable()
    try:
        with nb.watch(), httpx2.Client(verify=trust_nothing()) as http:
            response = http.send(http.build_request("POST", **post(server)), stream=True)
            next(response.iter_raw())
            dropped = weakref.ref(response)
            del response
            assert dropped() is None
    finally:
        gc.enable()


def test_reading_with_the_client_is_as_ever(server: ModelServer, client: OpenAI) -> None:
    with nb.watch() as run:
        whole_reply = client.chat.completions.with_streaming_response.create(**CHAT)
        with whole_reply as response:
            assert response.parse().choices[0].message.content == ANSWER

    assert (run.calls[0].outcome, run.calls[0].text) == ("ok", ANSWER)
