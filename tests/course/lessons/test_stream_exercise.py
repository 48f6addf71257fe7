"""Exercise 4.7: reading as much as is needed passes, in three styles; the rest is told why not."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.course import check

from ...rows import slow


def text_of(chunk):
    return (chunk.choices[0].delta.content or "") if chunk.choices else ""


async def read_beginning(stream, enough):
    text = ""
    async for chunk in stream:
        text += text_of(chunk)
        if len(text) >= enough:
            break
    await stream.close()
    return text


async def in_a_block(stream, enough):
    pieces: list[str] = []
    async with stream:
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                pieces.append(chunk.choices[0].delta.content)
            if sum(map(len, pieces)) >= enough:
                return "".join(pieces)
    return "".join(pieces)


async def closed_in_the_loop(stream, enough):
    text = ""
    async for chunk in stream:
        text += text_of(chunk)
        if len(text) >= enough:
            await stream.close()
    return text


async def with_aclosing(stream, enough):
    text = ""
    async with aclosing(stream):
        async for chunk in stream:
            text += text_of(chunk)
            if len(text) >= enough:
                break
    return text


async def by_hand(stream, enough):
    text, chunks = "", aiter(stream)
    while len(text) < enough and (chunk := await anext(chunks, None)):
        text += text_of(chunk)
    await stream.close()
    return text


@pytest.mark.parametrize("answer", [read_beginning, slow(in_a_block), slow(with_aclosing), by_hand])
def test_as_much_as_is_needed_passes(answer: object) -> None:
    assert check("4.7", answer)


async def left_open(stream, enough):
    text = ""
    async for chunk in stream:
        text += text_of(chunk)
        if len(text) >= enough:
            break
    return text


async def close_not_awaited(stream, enough):
    text = await left_open(stream, enough)
    stream.close()
    return text


async def all_of_it(stream, enough):
    text = ""
    async for chunk in stream:
        text += text_of(chunk)
    await stream.close()
    return text


async def all_read_then_cut(stream, enough):
    return (await all_of_it(stream, enough))[:enough]


async def cut(stream, enough):
    return (await read_beginning(stream, enough))[:enough]


async def more_than_enough(stream, enough):
    return await read_beginning(stream, enough + 1)


async def looks_one_piece_later(stream, enough):
    text = ""
    async for chunk in stream:
        if len(text) >= enough:
            break
        text += text_of(chunk)
    await stream.close()
    return text


async def counts_pieces(stream, enough):
    text, number = "", 0
    async for chunk in stream:
        text += text_of(chunk)
        number += bool(text_of(chunk))
        if number >= enough:
            break
    await stream.close()
    return text


async def first_piece_alone(stream, enough):
    async for chunk in stream:
        if text_of(chunk):
            await stream.close()
            return text_of(chunk)
    return ""


async def plain_for(stream, enough):
    return "".join(text_of(chunk) for chunk in stream)


async def choices_unseen(stream, enough):
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])


async def none_added(stream, enough):
    text = ""
    async for chunk in stream:
        if chunk.choices:
            text += chunk.choices[0].delta.content
    return text


async def stream_awaited(stream, enough):
    return "".join([text_of(chunk) async for chunk in await stream])


async def nothing_returned(stream, enough):
    await read_beginning(stream, enough)


async def a_list(stream, enough):
    return [await read_beginning(stream, enough)]


async def none_for_silence(stream, enough):
    return (await read_beginning(stream, enough)) or None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (left_open, "left open"),
        (close_not_awaited, "write await"),
        slow(closed_in_the_loop, "Leave the loop first"),
        slow(all_of_it, "was enough. Look at its length"),
        slow(all_read_then_cut, "do not cut the last piece"),
        slow(cut, "do not cut the last piece"),
        slow(more_than_enough, "was enough"),
        slow(looks_one_piece_later, "and 4 would do"),
        slow(counts_pieces, "was enough"),
        slow(first_piece_alone, "too short"),
        slow(plain_for, "async for  only"),
        slow(choices_unseen, "choices is empty"),
        slow(none_added, "may be None"),
        slow(stream_awaited, "without await"),
        slow(nothing_returned, "Return the text after the loop"),
        slow(a_list, "a text is wanted"),
        slow(none_for_silence, "a stream without any text gave None"),
        slow("Yes", "the function itself"),
    ],
)
def test_another_way_to_read_is_told_what_it_does(answer: object, said: str) -> None:
    verdict = check("4.7", answer)

    assert not verdict
    assert said in verdict.text


@pytest.mark.parametrize("answer", [read_beginning, slow(in_a_block), slow(with_aclosing), by_hand])
async def test_they_read_a_real_stream_too(answer: Any) -> None:
    endpoint = nb.connect(simulate=True, scenario="faq", seed=3, speed=20, verbose=False)
    async with endpoint.open_async() as client:
        stream = await client.chat.completions.create(
            model=endpoint.model,
            messages=[{"role": "user", "content": nb.prompts.FAQ[0]}],
            stream=True,
        )
        text = await answer(stream, 20)

    assert 20 <= len(text) < 60
