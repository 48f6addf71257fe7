"""What is asked for besides one text is kept, in the records and in the journal, as it was sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.records import Call

from .conftest import Serve, connect
from .vocabulary import CALL_BEGINS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("strategy", ["threads", "gather"]),
    pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"]),
]

QUESTIONS = [f"What is {number} times seven?" for number in range(6)]
COLOURS = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "blue"]}, "light": {"type": "boolean"}},
    "required": ["colour", "light"],
    "additionalProperties": False,
}
TOOL = {
    "type": "function",
    "function": {
        "name": "look_up",
        "parameters": {
            "type": "object",
            "properties": {"city": {"enum": ["Rome", "Oslo"]}},
            "required": ["city"],
        },
    },
}


def test_every_choice_is_kept(
    strategy: str, stream: bool, endpoint: nb.Endpoint, tmp_path: Path
) -> None:
    calls = ask(endpoint, tmp_path, strategy, stream, n=2, max_tokens=8, **without_end())

    for call in calls:
        texts = [choice["message"]["content"] for choice in call.choices]
        assert [choice["index"] for choice in call.choices] == [0, 1]
        assert [len(text.split()) for text in texts] == [8, 8]
        assert call.text == texts[0]


def test_the_probability_of_every_token_is_kept(
    strategy: str, stream: bool, endpoint: nb.Endpoint, tmp_path: Path
) -> None:
    options = {"logprobs": True, "top_logprobs": 3, "max_tokens": 8}
    calls = ask(endpoint, tmp_path, strategy, stream, **options, **without_end())

    for call in calls:
        tokens = call.choices[0]["logprobs"]["content"]
        assert "".join(token["token"] for token in tokens) == call.text
        assert [len(token["top_logprobs"]) for token in tokens] == [3] * 8


def test_an_answer_in_the_shape_of_a_schema_is_kept(
    strategy: str, stream: bool, endpoint: nb.Endpoint, tmp_path: Path
) -> None:
    shape = {"type": "json_schema", "json_schema": {"name": "colours", "schema": COLOURS}}
    calls = ask(endpoint, tmp_path, strategy, stream, response_format=shape, max_tokens=800)

    for call in calls:
        answer = json.loads(call.text)
        assert answer.keys() == {"colour", "light"}
        assert answer["colour"] in {"red", "blue"}


def test_calls_of_tools_are_kept(
    strategy: str, stream: bool, endpoint: nb.Endpoint, tmp_path: Path
) -> None:
    """One, or several in one answer, with or without words before them."""
    options = {"tools": [TOOL], "tool_choice": "required", "max_tokens": 2000}
    likely = {"logit_bias": [[CALL_BEGINS, 11]]}  # words at random hit upon none by themselves
    calls = ask(endpoint, tmp_path, strategy, stream, **options, extra_body=likely)

    for call in calls:
        assert (call.outcome, call.finish_reason) == ("ok", "tool_calls")
        assert len({each["id"] for each in call.tool_calls}) == len(call.tool_calls) >= 1
        for each in call.tool_calls:
            assert each["function"]["name"] == "look_up"
            assert json.loads(each["function"]["arguments"])["city"] in {"Rome", "Oslo"}


def test_what_a_model_thinks_is_kept_beside_its_answer(
    strategy: str, stream: bool, serve: Serve, tmp_path: Path
) -> None:
    calls = ask(connect(serve(thinks=True)), tmp_path, strategy, stream, max_tokens=800)

    assert any(call.reasoning for call in calls)
    for call in calls:
        assert call.message.get("reasoning_content", "") == call.reasoning
        assert (call.message["content"] or "") == call.text


def ask(
    endpoint: nb.Endpoint, folder: Path, strategy: str, stream: bool, **options: Any
) -> list[Call]:
    """Return the calls of a run, which its journal has, too, and which a resume leaves alone."""
    journal = folder / "journal.jsonl"
    run = nb.run(QUESTIONS, endpoint, strategy=strategy, stream=stream, journal=journal, **options)
    written = journal.read_bytes()
    again = nb.resume(journal, endpoint)

    assert [call.body for call in again.calls] == [call.body for call in run.calls]
    assert [call.outcome for call in again.calls] == [call.outcome for call in run.calls]
    assert journal.read_bytes().startswith(written)
    assert b'"sent"' not in journal.read_bytes()[len(written) :]
    return run.calls


def without_end() -> dict[str, Any]:
    return {"extra_body": {"ignore_eos": True}}
