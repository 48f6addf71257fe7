"""However the network cuts a stream to pieces, clients read the same."""

from __future__ import annotations

import asyncio
import json

import openai
import pytest

from ...rows import exhaustive
from ..caller import SHORT, Caller, write_body
from ..raw import ask_raw

TEXT = "Grüße 🏒 東京."
INSTANT = {"first_token_time": 0, "prompt_token_time": 0, "token_time": 0}
AT_ONCE = 40


@pytest.fixture
async def split_service(open_service):
    """A service that splits the reply to its n-th request after n bytes; and how many there are."""
    service = open_service(**INSTANT, faults={1: {"text": TEXT, "fault": "chunked"}})
    size = len((await ask_raw(service, stream=True)).data)
    faults = {n: {"fault": f"split:{n}", "text": TEXT} for n in range(1, size)}
    return open_service(**INSTANT, faults=faults), size - 1


async def read_plainly(service: Caller) -> tuple[str, list[str | None], str]:
    """Read a stream with a plain HTTP client: its text, the reasons of its end, its last line."""
    events = [data for _, data in await service.stream(SHORT)]
    chunks = [json.loads(data)["choices"][0] for data in events[:-1]]
    text = "".join(chunk["delta"].get("content", "") for chunk in chunks)
    return text, [chunk["finish_reason"] for chunk in chunks], events[-1]


async def many(count, read):
    gate = asyncio.Semaphore(AT_ONCE)

    async def read_one():
        async with gate:
            return await read()

    return await asyncio.gather(*[read_one() for _ in range(count)])


@pytest.mark.slow
async def test_a_plain_client_reads_a_stream_split_at_any_byte(split_service):
    """In the head, in a chunk's size, in an event, in a character of several bytes."""
    service, count = split_service

    answers = await many(count, lambda: read_plainly(service))

    assert count > 1500
    (answer,) = {(text, tuple(reasons), last) for text, reasons, last in answers}
    assert answer[0] == TEXT
    assert answer[1][-1] == "stop"
    assert set(answer[1][:-1]) == {None}
    assert answer[2] == "[DONE]"


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["aiohttp", exhaustive("default")])
async def test_the_openai_client_reads_a_stream_split_at_any_byte(split_service, transport):
    service, count = split_service
    http = openai.DefaultAioHttpClient() if transport == "aiohttp" else None
    async with openai.AsyncOpenAI(
        base_url=service.root, api_key=service.token, max_retries=0, http_client=http
    ) as client:

        async def read() -> tuple[str, str | None]:
            stream = await client.chat.completions.create(**write_body(SHORT), stream=True)
            choices = [chunk.choices[0] async for chunk in stream]
            text = "".join(choice.delta.content or "" for choice in choices)
            return text, choices[-1].finish_reason

        answers = await many(count, read)

    assert set(answers) == {(TEXT, "stop")}


async def test_a_stream_of_single_bytes_is_read_too(open_service):
    service = open_service(**INSTANT, faults={"*": "trickle-body:0"})

    assert (await read_plainly(service))[0] == "2 + 2 = 4."


async def test_each_chunk_is_one_event_of_one_choice_in_order(open_service):
    """On the wire: an event to a chunk, two line feeds at its end, the text in UTF-8."""
    service = open_service(**INSTANT, faults={"*": {"text": TEXT}})

    reply = await ask_raw(service, stream=True, stream_options={"include_usage": True})

    events = [chunk for chunk in reply.chunks if chunk]
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert all(event.startswith(b"data: ") and event.endswith(b"\n\n") for event in events)
    *tokens, end = events[1:]
    assert all(event.count(b"data: ") == 1 for event in tokens)
    assert [part[:12] for part in end.split(b"data: ")[1:]][-1] == b"[DONE]\n\n"
    deltas = [json.loads(event[6:])["choices"][0]["delta"] for event in tokens]
    assert "".join(delta["content"] for delta in deltas) == TEXT
    assert "🏒".encode() in reply.body


@pytest.mark.parametrize("prompt", ["", "\ud800", "a\u2028b", "\x00\x1b", "é" * 1000])
async def test_streamed_or_not_hostile_prompts_are_answered_alike(service, prompt):
    completion = await service.complete(prompt)
    streamed = [json.loads(data) for _, data in (await service.stream(prompt))[:-1]]

    joined = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in streamed)
    assert joined == completion["choices"][0]["message"]["content"]
