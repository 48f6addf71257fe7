"""What a completion says is read from the shapes that several makes have for it."""

from __future__ import annotations

from typing import Any

import pytest

from aiml_nb.answered import columns_of
from aiml_nb.completion import fields_of, plain_text_of, reasoning_of, text_of
from aiml_nb.records import Call

FUNCTION = {"name": "f", "arguments": "{}"}


def said(**message: Any) -> Call:
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    return Call(index=0, custom_id="call-000001", prompt="Who?", body=body)


@pytest.mark.parametrize(
    ("message", "functions"),
    [
        ({"tool_calls": [{"id": "a", "function": FUNCTION}]}, [FUNCTION]),
        ({"tool_calls": {"id": "a", "function": FUNCTION}}, [FUNCTION]),
        ({"function_call": FUNCTION}, [FUNCTION]),
        ({"function_call": FUNCTION, "tool_calls": None}, [FUNCTION]),
        ({"function_call": FUNCTION, "tool_calls": [{"function": FUNCTION}]}, [FUNCTION]),
        ({"function_call": None, "tool_calls": "f"}, []),
    ],
)
def test_tables_have_tool_calls_and_the_older_function_call_in_one_column(
    message: dict[str, Any], functions: list[Any]
) -> None:
    calls = columns_of(said(**message))["tool_calls"] or []

    assert [call["function"] for call in calls] == functions


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": {"value": "Yes.", "annotations": []}}], "Yes."),
        ({"type": "text", "text": "Yes."}, "Yes."),
        ({"answer": "é"}, '{"answer": "é"}'),
        (4, "4"),
        (True, "true"),
        ({}, ""),
        ([{"type": "image_url", "image_url": {"url": "https://a.b"}}], ""),
    ],
)
def test_text_is_found_in_the_content_whatever_that_is(content: Any, text: str) -> None:
    assert text_of({"content": content}) == text


def test_reasoning_has_many_names() -> None:
    blocks = [{"type": "thinking", "thinking": "Hm."}]

    assert reasoning_of({"thinking_blocks": blocks}) == "Hm."
    assert reasoning_of({"reasoning_text": "Hm."}) == "Hm."


def test_the_first_choice_is_that_with_the_least_index() -> None:
    first = {"index": 0, "message": {"content": "first"}, "finish_reason": "length"}
    second = {"index": 1, "message": {"content": "second"}, "finish_reason": "stop"}
    call = Call(index=0, custom_id="call-000001", prompt="Who?", body={"choices": [second, first]})
    fields = fields_of(call.body or {})

    assert (fields["text"], fields["finish_reason"]) == ("first", "length")
    assert call.message == first["message"]
    assert call.choices == [second, first]


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": 3, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 4}},
        {"prompt_tokens": 3, "completion_tokens": 5, "reasoning_tokens": 4},
    ],
)
def test_tokens_have_other_names_too(usage: dict[str, Any]) -> None:
    fields = fields_of({"choices": [], "usage": usage})

    assert (fields["input_tokens"], fields["output_tokens"]) == (3, 5)
    assert fields["reasoning_tokens"] == 4


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": "Yes."},
        {"role": "assistant", "content": "", "refusal": None, "tool_calls": [], "reasoning": ""},
    ],
)
def test_a_message_of_text_alone_is_read_at_once(message: dict[str, Any]) -> None:
    assert plain_text_of({"choices": [{"message": message}]}) == message["content"]


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"choices": None},
        {"choices": [7]},
        {"choices": [{"message": "Yes."}]},
        {"choices": [{"message": {"content": "Yes."}}] * 2},
        {"choices": [{"message": {"content": ["Yes."]}}]},
        *(
            {"choices": [{"message": {"content": "Yes.", name: value}}]}
            for name, value in {
                "tool_calls": [{"function": FUNCTION}],
                "function_call": FUNCTION,
                "reasoning_content": "Hm.",
                "thinking": "Hm.",
                "refusal": "No.",
                "audio": {"id": "a"},
            }.items()
        ),
    ],
)
def test_what_has_more_than_a_text_is_read_with_care(body: dict[str, Any] | None) -> None:
    assert plain_text_of(body) is None
