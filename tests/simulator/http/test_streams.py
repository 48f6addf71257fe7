from __future__ import annotations

import json

import pytest

from ..caller import LONG, SHORT


def read_chunks(events):
    *chunks, (_, last) = events
    assert last == "[DONE]"
    return [json.loads(data) for _, data in chunks]


def join_text(chunks):
    return "".join(choice["delta"].get("content", "") for c in chunks for choice in c["choices"])


async def test_a_stream_is_role_then_text_then_reason_then_done(service):
    chunks = read_chunks(await service.stream(LONG))

    first, *middle, last = chunks
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert all(chunk["choices"][0]["delta"]["content"] for chunk in middle)
    assert last["choices"][0]["delta"] == {}
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == (
        [None] * (len(chunks) - 1) + ["stop"]
    )
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert not any("usage" in chunk for chunk in chunks)


@pytest.mark.parametrize("prompt", [LONG, SHORT, "any other"])
async def test_streamed_or_not_the_answer_is_the_same(open_service, prompt):
    """The same draw: both services are asked for the first time."""
    completion = await open_service(seed=4).complete(prompt)
    chunks = read_chunks(await open_service(seed=4).stream(prompt))

    assert join_text(chunks) == completion["choices"][0]["message"]["content"]
    assert chunks[0]["id"] == completion["id"]


async def test_usage_comes_in_a_last_chunk_without_choices_if_asked_for(service):
    options = {"include_usage": True}

    *chunks, last = read_chunks(await service.stream(LONG, stream_options=options))

    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] == len(chunks) - 2, "all but role and reason"
    assert all(chunk["usage"] is None for chunk in chunks)


async def test_a_cut_stream_says_length(service):
    chunks = read_chunks(await service.stream(LONG, max_tokens=4))

    assert len(chunks) == 4 + 2
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"


async def test_the_tokens_are_spread_over_the_answers_time(service):
    events = await service.stream(LONG)

    times = [moment for moment, _ in events]
    assert times[1] > 0.3 / 20
    assert times[-1] > 5 / 20
    assert len({round(moment, 3) for moment in times}) > 50


@pytest.mark.parametrize("at_once", [True, False])
async def test_the_role_comes_at_once_or_with_the_first_token(open_service, at_once):
    service = open_service(speed=1, sends_role_at_once=at_once)

    events = await service.stream(SHORT)

    role, first_token = events[0][0], events[1][0]
    assert (first_token - role > 0.2) == at_once
    assert first_token > 0.3


async def test_without_delays_a_stream_still_has_a_chunk_for_each_token(open_service):
    service = open_service(first_token_time=0, prompt_token_time=0, token_time=0)

    chunks = read_chunks(await service.stream(LONG))

    assert len(chunks) > 250
    assert join_text(chunks).startswith("Five players")
