"""A record that is written and read again is the same record."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiml_nb.formats.journal import call_from_dict, call_to_dict
from aiml_nb.formats.lines import decode, dump, encode, encode_record
from aiml_nb.records import OUTCOMES, Attempt, Call

stamps = st.none() | st.floats(0, 1e9, allow_nan=False)
counts = st.none() | st.integers(0, 10**9)
words = st.text() | st.just('\ud800\x00\u2028\n\r"}')
attempts = st.builds(
    Attempt,
    number=st.integers(1, 9),
    started=st.floats(0, 1e9),
    first_token=stamps,
    finished=stamps,
    status=st.none() | st.integers(100, 599),
    error_type=st.none() | words,
    backoff_time=st.floats(0, 100),
    request_id=st.none() | words,
    possibly_billed=st.booleans(),
    worker=st.none() | words,
)
_fields: dict[str, Any] = {
    "index": st.integers(0, 10**6),
    "custom_id": words,
    "prompt": words,
    "submitted": stamps,
    "started": stamps,
    "first_token": stamps,
    "finished": stamps,
    "outcome": st.sampled_from(OUTCOMES),
    "error_type": st.none() | words,
    "error": st.none() | words,
    "text": words,
    "finish_reason": st.none() | words,
    "input_tokens": counts,
    "output_tokens": counts,
    "reasoning_tokens": st.none(),
    "cost": stamps,
    "model": st.none() | words,
    "attempts": st.lists(attempts, max_size=3),
}
json_values = st.none() | st.booleans() | counts | words | st.dictionaries(words, counts)
chats = st.builds(Call, **_fields)
watched = st.builds(
    Call,
    **_fields,
    api=st.sampled_from(["responses", "function", "other"]),
    result=json_values,
    children=st.lists(chats, max_size=2),
)
calls = st.one_of(chats, watched)


@pytest.mark.parametrize("write", [encode, encode_record])
@settings(deadline=None)
@given(call=calls)
def test_a_call_comes_back_as_it_was(write: Callable[[Any], str], call: Call) -> None:
    line = write(call_to_dict(call))

    assert write is encode_record or line.isascii()
    assert line.count("\n") == 1
    assert line.endswith("}\n")
    assert call_from_dict(decode(line), prompt=call.prompt) == call


def test_a_line_has_the_shape_of_batch_output() -> None:
    call = Call(
        index=0,
        custom_id="a",
        prompt="Who?",
        submitted=0.0,
        started=0.5,
        finished=1.0,
        outcome="ok",
        text="Me.",
        finish_reason="stop",
        input_tokens=3,
        output_tokens=2,
        model="m",
        attempts=[Attempt(number=1, started=0.5, finished=1.0, status=200, request_id="r1")],
    )
    data = json.loads(encode(call_to_dict(call)))

    assert list(data) == ["custom_id", "response", "error", "timing", "crc32"]
    assert data["response"]["status_code"] == 200
    assert data["response"]["request_id"] == "r1"
    assert data["response"]["body"]["choices"][0]["message"]["content"] == "Me."
    assert data["response"]["body"]["usage"]["total_tokens"] == 5
    assert data["error"] is None
    assert data["timing"]["started"] == 0.5
    assert data["timing"]["attempts"][0]["number"] == 1


def test_texts_are_left_out_unless_asked_for() -> None:
    call = Call(index=0, custom_id="a", prompt="P-secret", text="T-secret", error="E-secret")
    line = encode(call_to_dict(replace(call, error_type="500"), texts=False))

    assert "secret" not in line
    assert '"code": "500"' in line


@given(st.text(alphabet='ab\u00e9\U0001f389\\"', max_size=30), st.integers(0, 10**6))
def test_a_damaged_line_is_found(text: str, seed: int) -> None:
    line = encode({"text": text, "n": 12345})
    place = seed % (len(line) - 1)
    damaged = line[:place] + ("x" if line[place] != "x" else "y") + line[place + 1 :]

    with pytest.raises(ValueError, match=r"damaged|checksum"):
        decode(damaged)


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_torn_line_is_found(cut: int) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(encode({"custom_id": "a", "sent": 1})[: -cut - 1])


def test_a_text_may_look_like_a_checksum() -> None:
    data = {"text": ', "crc32": 7}'}

    assert decode(encode(data)) == data


@pytest.mark.parametrize("line", ["", "[]", "7", "null", "{", "[" * 10**5, '{"a": 1}'])
def test_what_is_no_object_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(line)


@pytest.mark.parametrize("data", [[], 7, None, [[]]])
def test_what_is_no_object_is_refused_even_whole(data: Any) -> None:
    line = f'{dump(data)[:-1]}, "crc32": {zlib.crc32(dump(data).encode())}}}'

    with pytest.raises(ValueError, match=r".+"):
        decode(line)


def test_numbers_that_json_does_not_know_become_null() -> None:
    assert dump({"a": [float("nan"), float("inf"), 1.5]}) == '{"a": [null, null, 1.5]}'


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"custom_id": "a", "timing": {}},
        {"custom_id": "a", "timing": {"index": 0, "outcome": "fine"}},
        {"custom_id": "a", "timing": {"index": "0", "outcome": "ok"}},
        {"custom_id": "a", "timing": {"index": 0, "outcome": "ok", "started": "soon"}},
        {"custom_id": "a", "timing": {"index": 0, "outcome": "ok", "started": float("nan")}},
        {"custom_id": "a", "timing": {"index": 0, "outcome": "ok", "attempts": [{}]}},
        {"custom_id": "a", "timing": {"index": 0, "outcome": "ok", "attempts": 7}},
        {"custom_id": 7, "timing": {"index": 0, "outcome": "ok"}},
        {"custom_id": "a", "timing": [], "response": "x"},
    ],
)
def test_what_is_no_call_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"not that of a call|cannot be|must be"):
        call_from_dict(data)
