"""Against the simulator: what a request wants comes back whole, streamed or not, sync and async."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

import aiml_nb as nb
from aiml_nb.records import Call

from .conftest import connect_faulty, run_skipping
from .test_run import read_log

BOTH = pytest.mark.parametrize("strategy", ["sequential", "gather"])
STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])

PROMPT = "What is the weather in Paris and in Oslo?"
CITY = {"properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
# The scenario, what is asked for, and what the record tells.
WANTED: dict[str, tuple[str, dict[str, Any], Any]] = {
    "tools": ("tools", {"tools": TOOLS}, lambda c: len(c.tool_calls) == 2 and not c.text),
    "n": ("instant", {"n": 3}, lambda c: c.n_choices == 3 and len(texts_of(c)) == 3),
    "n and tools": ("tools", {"n": 2, "tools": TOOLS}, lambda c: len(c.choices) == 2),
    "logprobs": (
        "instant",
        {"logprobs": True, "top_logprobs": 2},
        lambda c: "".join(each["token"] for each in c.choices[0]["logprobs"]["content"]) == c.text,
    ),
    "reasoning": ("reasoning", {}, lambda c: c.reasoning and c.text and c.reasoning_tokens),
    "parts": ("parts", {}, lambda c: c.reasoning and c.text and len(c.message["content"]) == 2),
    "a schema": (
        "instant",
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "s", "schema": {"type": "object", **CITY}},
            }
        },
        lambda c: set(json.loads(c.text)) == {"city"},
    ),
}


def texts_of(call: Call) -> set[str]:
    return {choice["message"]["content"] for choice in call.choices}


def ask(scenario: str, strategy: str, *, streamed: bool, faults: Any = None, **wanted: Any) -> Call:
    knobs = {"faults": {"*": [faults] * 10}} if faults else {}
    endpoint = connect_faulty(scenario, seed=3, speed=200, **knobs)
    call = run_skipping([PROMPT], endpoint, strategy=strategy, stream=streamed, **wanted).calls[0]
    asked = [each for each in read_log(endpoint)["requests"] if each["number"] is not None]
    assert len(call.attempts) == len(asked)
    return call


def plain(body: dict[str, Any] | None) -> dict[str, Any]:
    """Return a body without when it was made, and what no stream tells: that nothing is noted."""
    assert body is not None
    assert isinstance(body["created"], int)
    messages = [
        {name: value for name, value in choice["message"].items() if name != "annotations"}
        for choice in body["choices"]
    ]
    choices = [
        {**choice, "message": message}
        for choice, message in zip(body["choices"], messages, strict=True)
    ]
    return {**body, "choices": choices, "created": 0}


@BOTH
@pytest.mark.parametrize("name", WANTED)
def test_a_streamed_answer_is_the_whole_one(name: str, strategy: str, tmp_path: Path) -> None:
    scenario, wanted, is_told = WANTED[name]
    whole = ask(scenario, strategy, streamed=False, **wanted)
    path = tmp_path / "j.jsonl"
    streamed = ask(scenario, strategy, streamed=True, journal=path, **wanted)

    assert plain(streamed.body) == plain(whole.body)
    for call in (whole, streamed):
        assert (call.outcome, call.error) == ("ok", None)
        assert is_told(call)
        if name != "parts":
            ChatCompletion.model_validate(call.body, strict=True)
    assert (streamed.text, streamed.output_tokens) == (whole.text, whole.output_tokens)
    assert nb.read_saved(path).calls == [streamed]  # type: ignore[union-attr]


@BOTH
@STREAMED
@pytest.mark.parametrize(
    "fault", ["calls:interleaved", "calls:whole", "calls:same-index", "calls:no-index"]
)
def test_tool_calls_are_the_same_however_they_come(
    fault: str, streamed: bool, strategy: str
) -> None:
    plainly = ask("tools", strategy, streamed=False, tools=TOOLS)
    call = ask("tools", strategy, streamed=streamed, tools=TOOLS, faults=fault)

    assert len(plainly.tool_calls) == 2
    assert call.tool_calls == plainly.tool_calls
    assert call.outcome == "ok"


@BOTH
@STREAMED
def test_overthinking_is_told(streamed: bool, strategy: str) -> None:
    call = ask("overthinking:100%", strategy, streamed=streamed)

    assert (call.outcome, call.text) == ("incomplete", "")
    assert call.reasoning
    assert "all of it reasoning" in str(call.error)


# The simulator's own spoiled answers -> outcome, error type, whether the text is whole; for
# whole answers and streamed ones alike, unless the fault is one of streams.
SPOILED: dict[str, tuple[str, str | None, bool]] = {
    "no-message": ("error", "bad_response", False),
    "no-content": ("incomplete", None, False),
    "null-stop": ("incomplete", None, False),
    "empty-text": ("incomplete", None, False),
    "finish": ("incomplete", None, True),
    "choice-error": ("error", "502", False),
    "text-parts": ("ok", None, True),
    "content-filter": ("refused", None, False),
    "refusal": ("refused", None, False),
    "wrong-type": ("ok", None, True),
    "no-type": ("ok", None, True),
    "json-for-stream": ("ok", None, True),
    "unasked-stream": ("ok", None, True),
}
SPOILED_STREAMS: dict[str, tuple[str, str | None, bool]] = {
    "bad-event": ("error", "bad_response", True),
    "bad-utf8-event": ("error", "bad_response", True),
    "limit-event": ("error", "429", False),
    "error-event": ("error", "stream", False),
    "no-finish": ("incomplete", None, True),
}
HARMLESS = [
    *("no-delta-event", "null-delta-event", "null-choices-event", "no-choices-event"),
    *("ping-event", "null-event", "usage-event", "usage-without-choices", "comments"),
    *("no-delta", "no-done", "odd-content-event"),
    *("null-choices-event:end", "null-choices-event:done", "null-event:done"),
    *("bad-event:done", "error-event:done", "error-text-event:done", "limit-event:done"),
]
SPOILED_STREAMS |= dict.fromkeys(HARMLESS, ("ok", None, True))
ONLY_WHOLE = {"no-message", "no-content"}
CASES = [
    *((fault, False) for fault in SPOILED),
    *((fault, True) for fault in SPOILED | SPOILED_STREAMS if fault not in ONLY_WHOLE),
]


@BOTH
@pytest.mark.parametrize(("fault", "streamed"), CASES)
def test_what_is_whole_is_kept(fault: str, streamed: bool, strategy: str) -> None:
    outcome, error_type, is_whole = (SPOILED | SPOILED_STREAMS)[fault]
    good = ask("instant", strategy, streamed=False)
    call = ask("instant", strategy, streamed=streamed, faults=fault, max_attempts=1)

    assert (call.outcome, call.error_type) == (outcome, error_type)
    assert (call.text == good.text) == is_whole
    if is_whole and fault != "unasked-stream":  # nor was its usage asked for
        assert (call.input_tokens, call.output_tokens) == (good.input_tokens, good.output_tokens)
    assert (call.error is None) == (outcome == "ok")
