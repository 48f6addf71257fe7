from __future__ import annotations

import pytest
from openai.types.chat import ChatCompletion

from aiml_nb.simulator import Arrival, Settings, scenario, simulate
from aiml_nb.simulator.model.prompts import split_tokens

from ..caller import LONG, SHORT
from ..http.test_streams import read_chunks


def read_thoughts(delta, form):
    """Give thoughts and text of a message or a delta, wherever they are."""
    if form != "parts":
        return delta.get(form) or "", delta.get("content") or ""
    content = delta.get("content") or ""
    if isinstance(content, str):
        return "", content
    thoughts = [part["thinking"][0]["text"] for part in content if part["type"] == "thinking"]
    return "".join(thoughts), "".join(p["text"] for p in content if p["type"] == "text")


FORMS = ("reasoning_content", "reasoning", "parts")


@pytest.mark.parametrize("form", FORMS)
async def test_the_thoughts_are_where_the_form_has_them(open_service, form):
    service = open_service(reasoning=form)
    completion = await service.complete(SHORT)

    (choice,) = completion["choices"]
    thoughts, text = read_thoughts(choice["message"], form)
    assert thoughts.startswith("These thoughts are simulated")
    assert text == "2 + 2 = 4."
    assert choice["finish_reason"] == "stop"
    details = completion["usage"]["completion_tokens_details"]
    assert details["reasoning_tokens"] == len(split_tokens(thoughts))
    assert completion["usage"]["completion_tokens"] == details["reasoning_tokens"] + 6
    if form == "parts":
        assert [part["type"] for part in choice["message"]["content"]] == ["thinking", "text"]
    else:
        ChatCompletion.model_validate(completion, strict=True)


@pytest.mark.parametrize("form", FORMS)
async def test_streamed_the_thoughts_come_first_and_are_the_same(open_service, form):
    whole = await open_service(seed=3, reasoning=form).complete(LONG)
    chunks = read_chunks(await open_service(seed=3, reasoning=form).stream(LONG))

    pieces = [read_thoughts(chunk["choices"][0]["delta"], form) for chunk in chunks]
    thoughts, texts = zip(*pieces, strict=True)
    message = whole["choices"][0]["message"]
    assert ("".join(thoughts), "".join(texts)) == read_thoughts(message, form)
    last_thought = max(place for place, thought in enumerate(thoughts) if thought)
    first_text = min(place for place, text in enumerate(texts) if text)
    assert last_thought + 1 == first_text
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


async def test_max_tokens_may_be_used_up_before_the_text_begins(open_service):
    """The row that is empty, and looks answered to who does not look at its reason."""
    completion = await open_service(reasoning="reasoning_content").complete(SHORT, max_tokens=10)

    (choice,) = completion["choices"]
    assert choice["finish_reason"] == "length"
    assert choice["message"]["content"] == ""
    assert len(split_tokens(choice["message"]["reasoning_content"])) == 10
    assert completion["usage"]["completion_tokens_details"]["reasoning_tokens"] == 10


@pytest.mark.parametrize("stream", [False, True])
async def test_a_share_of_the_choices_think_without_an_end(open_service, stream):
    service = open_service(**scenario("overthinking:50%", seed=1, speed=1000).to_dict())
    reasons, texts = [], []
    for number in range(40):
        asked = {"prompt": f"Question {number}?", "max_tokens": 300, "model": "sim-reasoner"}
        if stream:
            chunks = read_chunks(await service.stream(**asked))
            deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
            texts.append("".join(delta.get("content") or "" for delta in deltas))
            reasons.append(chunks[-1]["choices"][0]["finish_reason"])
            count = sum(bool(delta.get("reasoning_content")) for delta in deltas)
        else:
            completion = await service.complete(**asked)
            (choice,) = completion["choices"]
            texts.append(choice["message"]["content"])
            reasons.append(choice["finish_reason"])
            count = completion["usage"]["completion_tokens_details"]["reasoning_tokens"]
        assert (count == 300) == (reasons[-1] == "length") == (texts[-1] == "")

    assert 10 < reasons.count("length") < 30
    assert set(reasons) == {"length", "stop"}


def test_a_retry_may_come_to_its_text():
    """The share is drawn for each repeat."""
    settings = Settings(reasoning="reasoning", endless_reasoning_share=0.5)
    plans = simulate([Arrival(0.0, "same")] * 40, settings)

    assert {plan.finish_reason for plan in plans} == {"stop", "length"}


def test_without_max_tokens_even_these_thoughts_end():
    settings = Settings(
        reasoning="reasoning", endless_reasoning_share=1, shortest_reasoning=5, longest_reasoning=50
    )
    plain, huge = simulate([Arrival(0.0, "a"), Arrival(0.0, "a", max_tokens=10**9)], settings)

    assert (plain.reasoning_tokens, plain.text) == (200, "")
    assert (huge.reasoning_tokens, huge.finish_reason) == (20_000, "length")


def test_thinking_takes_its_time_and_leaves_the_text_as_it_is():
    bare, thinking = (
        simulate([Arrival(0.0, "any")], Settings(seed=3, reasoning=form))[0]
        for form in ("none", "reasoning")
    )

    assert thinking.text == bare.text
    assert thinking.first_token == bare.first_token
    assert thinking.finished == thinking.token_due(thinking.length - 1) > bare.finished


async def test_a_reasoner_may_call_tools_and_write_json(open_service):
    service = open_service(reasoning="reasoning_content")
    tools = [{"type": "function", "function": {"name": "get_weather"}}]

    called = await service.complete("What is the weather in Paris?", tools=tools)
    written = await service.complete(SHORT, response_format={"type": "json_object"})

    message = called["choices"][0]["message"]
    assert message["reasoning_content"]
    assert message["tool_calls"][0]["function"]["name"] == "get_weather"
    assert message["content"] is None
    assert written["choices"][0]["message"]["content"].startswith('{"answer"')


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("reasoning", "reasoning_content"),
        ("reasoning:reasoning", "reasoning"),
        ("reasoning:parts", "parts"),
        ("parts", "parts"),
    ],
)
async def test_the_scenarios_name_the_form_and_have_a_model_of_their_own(open_service, name, form):
    settings = scenario(name, speed=1000)
    service = open_service(**settings.to_dict())

    completion = await service.complete(SHORT, model="sim-reasoner")

    assert settings.models[0] == "sim-reasoner"
    assert all(read_thoughts(completion["choices"][0]["message"], form))
