"""A streamed answer is put together as the server meant it, in the ways that servers have."""

from __future__ import annotations

from typing import Any

import pytest

from aiml_nb.replies.assembly import Assembly

from .replies import HEAD, USAGE, begin, delta, end, piece


def assemble(*pieces: dict[str, Any]) -> dict[str, Any]:
    assembly = Assembly()
    assert [assembly.add(each) for each in pieces] == [None] * len(pieces)
    body = assembly.build()
    assert body is not None
    return body


def message_of(*deltas: dict[str, Any]) -> dict[str, Any]:
    body = assemble(*(piece(delta(**each)) for each in deltas))
    return body["choices"][0]["message"]  # type: ignore[no-any-return]


def call(name: str | None, function: str | None, arguments: Any, **more: Any) -> dict[str, Any]:
    about = {"name": function, "arguments": arguments}
    about = {key: value for key, value in about.items() if value is not None}
    return {**({"id": name} if name else {}), **more, "function": about}


# What servers send of two tool calls -> what the calls are: id, name, arguments.
TWO = [("a", "look", '{"x": 1}'), ("b", "tell", '{"y": 2}')]
TOOL_STREAMS: dict[str, tuple[list[list[dict[str, Any]]], list[tuple[str | None, str, Any]]]] = {
    "as OpenAI": (
        [
            [call("a", "look", "", index=0, type="function")],
            [call(None, None, '{"x":', index=0)],
            [call(None, None, " 1}", index=0)],
            [call("b", "tell", "", index=1, type="function")],
            [call(None, None, '{"y": 2}', index=1)],
        ],
        TWO,
    ),
    "whole and at once": (
        [[call("a", "look", '{"x": 1}', index=0), call("b", "tell", '{"y": 2}', index=1)]],
        TWO,
    ),
    "in turns": (
        [
            [call("a", "look", '{"x"', index=0), call("b", "tell", '{"y"', index=1)],
            [call(None, None, ": 2}", index=1), call(None, None, ": 1}", index=0)],
        ],
        TWO,
    ),
    "the second first": (
        [
            [call("b", "tell", '{"y"', index=1)],
            [call("a", "look", '{"x": 1}', index=0)],
            [call(None, None, ": 2}", index=1)],
        ],
        TWO,
    ),
    "the id in every delta": (
        [
            [call("a", "look", '{"x"', index=0)],
            [call("a", None, ": 1}", index=0)],
            [call("b", "tell", '{"y"', index=1)],
            [call("b", None, ": 2}", index=1)],
        ],
        TWO,
    ),
    "id and name in every delta": (
        [
            [call("a", "look", '{"x"', index=0)],
            [call("a", "look", ": 1}", index=0)],
            [call("b", "tell", '{"y"', index=1)],
            [call("b", "tell", ": 2}", index=1)],
        ],
        TWO,
    ),
    "another id in every delta": (
        [
            [call("a", "look", '{"x"', index=0)],
            [call("a2", None, ": 1}", index=0)],
            [call("b", "tell", '{"y"', index=1)],
            [call("b2", None, ": 2}", index=1)],
        ],
        TWO,
    ),
    "empty ids and names after the first": (
        [
            [call("a", "look", '{"x"', index=0)],
            [{"id": "", **call(None, "", ": 1}", index=0)}],
            [call("b", "tell", '{"y"', index=1)],
            [{"id": "", **call(None, "", ": 2}", index=1)}],
        ],
        TWO,
    ),
    "all with the index 0": (
        [[call("a", "look", '{"x": 1}', index=0)], [call("b", "tell", '{"y": 2}', index=0)]],
        TWO,
    ),
    "all with the index 0, in pieces": (
        [
            [call("a", "look", "", index=0)],
            [call(None, None, '{"x": 1}', index=0)],
            [call("b", "tell", "", index=0)],
            [call(None, None, '{"y": 2}', index=0)],
        ],
        TWO,
    ),
    "all with the index 0, in turns": (
        [
            [call("a", "look", '{"x"', index=0)],
            [call("b", "tell", '{"y"', index=0)],
            [call("a", None, ": 1}", index=0)],
            [call("b", None, ": 2}", index=0)],
        ],
        TWO,
    ),
    "without an index": (
        [
            [call("a", "look", '{"x"')],
            [call("a", None, ": 1}")],
            [call("b", "tell", '{"y"')],
            [call("b", None, ": 2}")],
        ],
        TWO,
    ),
    "without an index, the id once": (
        [
            [call("a", "look", '{"x"')],
            [call(None, None, ": 1}")],
            [call("b", "tell", '{"y": 2}')],
        ],
        TWO,
    ),
    "without index and id": (
        [[call(None, "look", '{"x": 1}')], [call(None, "tell", '{"y": 2}')]],
        [(None, "look", '{"x": 1}'), (None, "tell", '{"y": 2}')],
    ),
    "without index and id, the same function twice": (
        [[call(None, "look", '{"x": 1}'), call(None, "look", '{"x": 2}')]],
        [(None, "look", '{"x": 1}'), (None, "look", '{"x": 2}')],
    ),
    "without index and id, two at a time, in pieces": (
        [
            [call(None, "look", ""), call(None, "tell", "")],
            [call(None, None, '{"x": 1}'), call(None, None, '{"y": 2}')],
        ],
        [(None, "look", '{"x": 1}'), (None, "tell", '{"y": 2}')],
    ),
    "a name in pieces": (
        [[call("a", "lo", None, index=0)], [call(None, "ok", '{"x": 1}', index=0)]],
        TWO[:1],
    ),
    "a name that grows": (
        [[call("a", "lo", None, index=0)], [call(None, "look", '{"x": 1}', index=0)]],
        TWO[:1],
    ),
    "arguments that are an object": (
        [[call("a", "look", {"x": 1}, index=0)], [call("b", "tell", {"y": 2}, index=1)]],
        [("a", "look", {"x": 1}), ("b", "tell", {"y": 2})],
    ),
    "the id after the name": (
        [[call(None, "look", "", index=0)], [call("a", None, '{"x": 1}', index=0)]],
        TWO[:1],
    ),
}


@pytest.mark.parametrize("name", TOOL_STREAMS)
def test_tool_calls_are_told_apart_by_index_and_id(name: str) -> None:
    deltas, expected = TOOL_STREAMS[name]
    message = message_of(*({"tool_calls": each} for each in deltas))

    calls = [
        (each.get("id"), each["function"]["name"], each["function"]["arguments"])
        for each in message["tool_calls"]
    ]
    assert calls == expected
    assert all("index" not in each for each in message["tool_calls"])
    assert message["content"] is None


def test_forty_calls_in_turns_are_forty() -> None:
    first = [call(f"c{n}", f"f{n}", "", index=n) for n in range(40)]
    letters = [call(None, None, letter, index=n) for letter in "{}" for n in range(40)]
    message = message_of({"tool_calls": first}, *({"tool_calls": [each]} for each in letters))

    assert [each["id"] for each in message["tool_calls"]] == [f"c{n}" for n in range(40)]
    assert {each["function"]["arguments"] for each in message["tool_calls"]} == {"{}"}


CONTENTS: dict[str, tuple[list[Any], Any]] = {
    "texts": (["It ", "is."], "It is."),
    "nothing": ([None, None], None),
    "an empty text": (["", None], ""),
    "null and then a text": ([None, "Yes", None, "."], "Yes."),
    "parts": (
        [[{"type": "text", "text": "It "}], [{"type": "text", "text": "is."}]],
        [{"type": "text", "text": "It is."}],
    ),
    "a part that is no list": (
        [{"type": "text", "text": "Yes."}],
        [{"type": "text", "text": "Yes."}],
    ),
    "thoughts in texts": (
        [
            [{"type": "thinking", "thinking": "Hm, "}],
            [{"type": "thinking", "thinking": "so."}],
            [{"type": "text", "text": "Yes."}],
            [{"type": "thinking", "thinking": "Or?"}],
        ],
        [
            {"type": "thinking", "thinking": "Hm, so."},
            {"type": "text", "text": "Yes."},
            {"type": "thinking", "thinking": "Or?"},
        ],
    ),
    "a text and then parts": (
        ["It ", [{"type": "image_url", "image_url": {"url": "u"}}], "is", "."],
        [
            {"type": "text", "text": "It "},
            {"type": "image_url", "image_url": {"url": "u"}},
            {"type": "text", "text": "is."},
        ],
    ),
    "two pictures": (
        [[{"type": "image_url", "image_url": {"url": "u"}}]] * 2,
        [{"type": "image_url", "image_url": {"url": "u"}}] * 2,
    ),
    "parts by index": (
        [
            [{"index": 0, "type": "text", "text": "It "}],
            [{"index": 1, "type": "text", "text": "And "}],
            [{"index": 0, "type": "text", "text": "is."}],
            [{"index": 1, "text": "so."}],
        ],
        [
            {"index": 0, "type": "text", "text": "It is."},
            {"index": 1, "type": "text", "text": "And so."},
        ],
    ),
    "parts that are texts": ([["It"], ["is"]], ["It", "is"]),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_content_is_joined(name: str) -> None:
    contents, expected = CONTENTS[name]

    assert message_of(*({"content": each} for each in contents))["content"] == expected


def test_what_is_said_in_every_piece_is_said_once() -> None:
    message = message_of(
        {"role": "assistant", "content": "a", "audio": {"id": "x", "data": "1"}},
        {"role": "assistant", "content": "a", "audio": {"id": "x", "data": "1"}},
    )

    assert message == {"role": "assistant", "content": "aa", "audio": {"id": "x", "data": "11"}}


def test_members_beside_the_choices_are_those_that_say_something() -> None:
    first = {"id": "", "object": "", "model": "", "created": 0, "choices": [], "prompt_filter": [1]}
    later = piece(delta(content="Yes.")) | {"id": "later", "created": 9, "model": "better"}
    body = assemble(
        first,
        begin(),
        later,
        piece(usage={"prompt_tokens": 1, "completion_tokens": 1}),
        piece(usage=None, model=""),
        piece(usage={"completion_tokens": 7, "prompt_tokens": None, "total_tokens": 8}),
        end(),
    )

    about = {name: body[name] for name in ("id", "object", "model", "created", "prompt_filter")}
    assert about == {name: HEAD[name] for name in ("id", "object")} | {
        "model": HEAD["model"],
        "created": HEAD["created"],
        "prompt_filter": [1],
    }
    assert body["usage"] == {"prompt_tokens": 1, "completion_tokens": 7, "total_tokens": 8}


def test_usage_in_every_piece_is_that_of_the_last() -> None:
    counts = [{**USAGE, "completion_tokens": number} for number in range(1, 5)]
    body = assemble(*(piece(delta(content="x"), usage=each) for each in counts), end())

    assert body["usage"] == counts[-1]


def test_what_filters_say_of_each_piece_is_not_strung_together() -> None:
    safe = {"content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}
    body = assemble(*(piece(delta(content="x") | safe) for _ in range(3)))

    (choice,) = body["choices"]
    assert choice["content_filter_results"] == safe["content_filter_results"]


def test_lists_beside_a_message_grow() -> None:
    body = assemble(*(piece(delta(content="x") | {"token_ids": [number]}) for number in range(3)))

    assert body["choices"][0]["token_ids"] == [0, 1, 2]


def test_choices_are_in_their_order_whoever_comes_first() -> None:
    body = assemble(*(piece(delta(index, content=str(index))) for index in (2, 0, 1, 2, 0, 1)))

    assert [each["index"] for each in body["choices"]] == [0, 1, 2]
    assert [each["message"]["content"] for each in body["choices"]] == ["00", "11", "22"]


def test_choices_without_an_index_are_told_apart_by_their_place() -> None:
    both = {"choices": [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]}
    body = assemble(both, both)

    assert [each["message"]["content"] for each in body["choices"]] == ["aa", "bb"]


def test_nothing_is_no_answer() -> None:
    assert Assembly().build() is None
