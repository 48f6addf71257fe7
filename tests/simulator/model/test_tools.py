from __future__ import annotations

import json

import jsonschema
import openai
import pytest
from openai import pydantic_function_tool
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

from aiml_nb.simulator import scenario
from aiml_nb.simulator.model.prompts import split_tokens

from ..caller import SHORT, write_body
from ..http.test_streams import read_chunks

ARGUMENTS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}
WEATHER = {"name": "get_weather", "description": "Tell it.", "parameters": ARGUMENTS}
TIME = {"name": "clockTime", "parameters": {"type": "object", "properties": {}}}
TOOLS = [{"type": "function", "function": each} for each in (WEATHER, TIME)]
ASK = "What is the weather in Paris?"
FORCED = {"type": "function", "function": {"name": "get_weather"}}


def put_together(chunks):
    """Put the calls of a stream together by choice and by index, as OpenAI documents it."""
    calls = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            for piece in choice["delta"].get("tool_calls", []):
                call = calls.setdefault((choice["index"], piece["index"]), {"arguments": ""})
                call["id"] = call.get("id") or piece.get("id")
                call["type"] = call.get("type") or piece.get("type")
                call["name"] = call.get("name") or piece["function"].get("name")
                call["arguments"] += piece["function"]["arguments"]
    return [calls[key] for key in sorted(calls)]


def flatten(calls):
    return [{"id": each["id"], "type": each["type"], **each["function"]} for each in calls or []]


async def call_tools(service, prompt=ASK, **parameters):
    """Give the names and cities of the calls that answer a prompt."""
    completion = await service.complete(prompt, **{"tools": TOOLS, **parameters})
    calls = completion["choices"][0]["message"].get("tool_calls", [])
    return [
        (call["function"]["name"], json.loads(call["function"]["arguments"]).get("city"))
        for call in calls
    ]


async def test_a_call_has_the_shape_of_openais(service):
    completion = await service.complete(ASK, tools=TOOLS)

    (choice,) = completion["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert (call["type"], call["function"]["name"]) == ("function", "get_weather")
    assert call["id"].startswith("call_")
    arguments = json.loads(call["function"]["arguments"])
    jsonschema.validate(arguments, ARGUMENTS)
    assert arguments["city"] == "Paris"
    ChatCompletion.model_validate(completion, strict=True)


async def test_usage_counts_the_call_and_the_tools_in_the_prompt(service):
    plain = await service.complete(ASK)
    completion = await service.complete(ASK, tools=TOOLS)

    (call,) = completion["choices"][0]["message"]["tool_calls"]
    tokens = 1 + len(split_tokens(call["function"]["arguments"]))
    assert completion["usage"]["completion_tokens"] == tokens
    assert completion["usage"]["prompt_tokens"] > plain["usage"]["prompt_tokens"] + 20


async def test_streamed_a_call_begins_with_its_name_and_its_arguments_follow(open_service):
    completion = await open_service(seed=3).complete(ASK, tools=TOOLS)
    chunks = read_chunks(await open_service(seed=3).stream(ASK, tools=TOOLS))

    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[0] == {"role": "assistant", "content": None, "refusal": None}
    (first,) = deltas[1]["tool_calls"]
    assert first["index"] == 0
    assert first["type"] == "function"
    assert first["function"] == {"name": "get_weather", "arguments": ""}
    pieces = [delta["tool_calls"][0] for delta in deltas[2:-1]]
    assert len(pieces) > 3
    assert all(set(piece) == {"index", "function"} for piece in pieces)
    assert deltas[-1] == {}
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"
    assert put_together(chunks) == flatten(completion["choices"][0]["message"]["tool_calls"])
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk, strict=True)


async def test_two_calls_of_two_choices_are_told_apart_by_their_indices(open_service):
    asked = {"prompt": "Compare the weather in Paris and in Bogotá.", "tools": TOOLS, "n": 2}
    completion = await open_service(seed=3).complete(**asked)
    chunks = read_chunks(await open_service(seed=3).stream(**asked))

    whole = [flatten(each["message"]["tool_calls"]) for each in completion["choices"]]
    cities = [[json.loads(call["arguments"])["city"] for call in calls] for calls in whole]
    assert cities == [["Paris", "Bogotá"]] * 2
    assert len({call["id"] for calls in whole for call in calls}) == 4
    assert put_together(chunks) == whole[0] + whole[1]
    indices = [choice["index"] for chunk in chunks[2:20] for choice in chunk["choices"]]
    assert indices == [0, 1] * 9


@pytest.mark.parametrize(
    ("prompt", "calls"),
    [
        (ASK, [("get_weather", "Paris")]),
        ("How is the WEATHER in Rome?", [("get_weather", "Rome")]),
        ("Compare the weather in Paris, New York and São Paulo.",
         [("get_weather", city) for city in ("Paris", "New York", "São Paulo")]),
        ("What are the times and the weather in Oslo?",
         [("get_weather", "Oslo"), ("clockTime", None)]),
        ("How do I get to Paris?", []),
        (SHORT, []),
        ("Whether or not?", []),
    ],
)  # fmt: skip
async def test_left_to_itself_a_question_calls_the_tools_that_it_names(service, prompt, calls):
    assert await call_tools(service, prompt) == calls


@pytest.mark.parametrize(
    ("prompt", "choice", "names"),
    [
        (ASK, "none", []),
        (ASK, "auto", ["get_weather"]),
        (SHORT, "required", ["get_weather"]),
        ("What time is it?", "required", ["clockTime"]),
        (SHORT, FORCED, ["get_weather"]),
        ("What time is it?", FORCED, ["get_weather"]),
        (SHORT, {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [
            {"type": "function", "function": {"name": "clockTime"}}]}}, ["clockTime"]),
        (ASK, {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [
            {"type": "function", "function": {"name": "clockTime"}}]}}, []),
    ],
)  # fmt: skip
async def test_the_choice_among_tools_is_obeyed(service, prompt, choice, names):
    found = await call_tools(service, prompt, tool_choice=choice)

    assert [name for name, _ in found] == names


async def test_without_parallel_calls_there_is_one(service):
    prompt = "Compare the weather in Paris and in Oslo."

    assert len(await call_tools(service, prompt)) == 2
    assert len(await call_tools(service, prompt, parallel_tool_calls=False)) == 1


async def test_there_are_never_more_than_eight_calls(service):
    prompt = "Weather: " + ", ".join(f"City{chr(65 + n)}" for n in range(20))

    assert len(await call_tools(service, prompt)) == 8


async def test_what_a_tool_said_is_answered_with_text(service):
    completion = await service.complete(ASK, tools=TOOLS)
    message = completion["choices"][0]["message"]
    result = {
        "role": "tool",
        "tool_call_id": message["tool_calls"][0]["id"],
        "content": "18 degrees",
    }
    messages = [{"role": "user", "content": ASK}, message, result]

    status, _, answer = await service.call(
        "POST",
        "/v1/chat/completions",
        json={"model": "gpt-4o", "messages": messages, "tools": TOOLS},
    )

    (choice,) = answer["choices"]
    assert status == 200
    assert choice["finish_reason"] == "stop"
    assert "18 degrees" in choice["message"]["content"]
    assert "tool_calls" not in choice["message"]
    assert answer["usage"]["prompt_tokens"] > completion["usage"]["prompt_tokens"]


async def test_the_older_functions_are_called_in_their_older_form(open_service):
    asked = {"functions": [WEATHER], "function_call": {"name": "get_weather"}}
    completion = await open_service(seed=3).complete(SHORT, **asked)
    chunks = read_chunks(await open_service(seed=3).stream(SHORT, **asked))

    (choice,) = completion["choices"]
    called = choice["message"]["function_call"]
    assert choice["finish_reason"] == "function_call"
    assert choice["message"]["content"] is None
    jsonschema.validate(json.loads(called["arguments"]), ARGUMENTS)
    pieces = [chunk["choices"][0]["delta"]["function_call"] for chunk in chunks[1:-1]]
    assert pieces[0] == {"name": "get_weather", "arguments": ""}
    assert "".join(piece["arguments"] for piece in pieces) == called["arguments"]
    assert all("name" not in piece for piece in pieces[1:])


async def test_a_custom_tool_takes_text(open_service):
    asked = {"tools": [{"type": "custom", "custom": {"name": "shell"}}], "tool_choice": "required"}
    completion = await open_service(seed=3).complete(SHORT, **asked)
    chunks = read_chunks(await open_service(seed=3).stream(SHORT, **asked))

    (call,) = completion["choices"][0]["message"]["tool_calls"]
    assert call == {"id": call["id"], "type": "custom", "custom": {"name": "shell", "input": SHORT}}
    pieces = [chunk["choices"][0]["delta"]["tool_calls"][0]["custom"] for chunk in chunks[1:-1]]
    assert "".join(piece["input"] for piece in pieces) == SHORT
    ChatCompletion.model_validate(completion, strict=True)


@pytest.mark.parametrize("stream", [False, True])
async def test_max_tokens_cut_the_arguments(service, stream):
    asked = {"tools": TOOLS, "max_tokens": 3}
    if stream:
        chunks = read_chunks(await service.stream(ASK, **asked))
        (call,), reason = put_together(chunks), chunks[-1]["choices"][0]["finish_reason"]
    else:
        (choice,) = (await service.complete(ASK, **asked))["choices"]
        (call,), reason = flatten(choice["message"]["tool_calls"]), choice["finish_reason"]

    assert reason == "length"
    assert call["name"] == "get_weather"
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(call["arguments"])


async def test_in_the_scenario_every_question_calls_all_its_tools(open_service):
    service = open_service(**scenario("tools", speed=20).to_dict())

    assert [name for name, _ in await call_tools(service, SHORT)] == ["get_weather", "clockTime"]
    assert await call_tools(service, SHORT, tools=None) == []
    assert await call_tools(service, SHORT, tool_choice="none") == []


class Weather(BaseModel):
    """Give the weather."""

    city: str
    days: int


async def test_the_openai_clients_own_helpers_read_the_calls(service):
    tools = [pydantic_function_tool(Weather)]
    messages = [{"role": "user", "content": "Compare the weather in Paris and in Oslo."}]
    async with openai.AsyncOpenAI(
        base_url=service.root, api_key=service.token, max_retries=0
    ) as client:
        parsed = await client.chat.completions.parse(model="gpt-4o", messages=messages, tools=tools)
        async with client.chat.completions.stream(
            model="gpt-4o", messages=messages, tools=tools
        ) as stream:
            events = [event async for event in stream]
            streamed = await stream.get_final_completion()

    calls = [call.function for call in parsed.choices[0].message.tool_calls]
    assert [call.parsed_arguments.city for call in calls] == ["Paris", "Oslo"]
    done = [event for event in events if event.type == "tool_calls.function.arguments.done"]
    assert [event.parsed_arguments.city for event in done] == ["Paris", "Oslo"]
    assert [call.function.arguments for call in streamed.choices[0].message.tool_calls] == [
        call.arguments for call in calls
    ]


BAD_NAME = [{"type": "function", "function": {"name": "no name"}}]
ENDLESS = [{"type": "function", "function": {"name": "f", "parameters": {"not": {}}}}]


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"tools": "f"}, "tools"),
        ({"tools": [7]}, "tools[0]"),
        ({"tools": [{"type": "search"}]}, "tools[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": BAD_NAME}, "tools[0].function"),
        ({"tools": ENDLESS}, "tools[0].function.parameters"),
        ({"tools": TOOLS * 65}, "tools"),
        ({"tools": TOOLS, "tool_choice": "always"}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": 7}, "tool_choice"),
        ({"tools": TOOLS, "tool_choice": {"type": "function"}}, "tool_choice"),
        ({"tools": TOOLS[1:], "tool_choice": FORCED}, "tool_choice"),
        ({"tool_choice": "required"}, "tools"),
        ({"tools": TOOLS, "tool_choice": {"type": "allowed_tools"}}, "tool_choice.allowed_tools"),
        ({"functions": [7]}, "functions[0]"),
        ({"functions": [WEATHER], "function_call": "required"}, "function_call"),
        ({"functions": [WEATHER], "function_call": {"name": "x"}}, "function_call"),
    ],
)
async def test_tools_that_are_none_are_refused_by_name(service, parameters, param):
    status, _, answer = await service.call(
        "POST", "/v1/chat/completions", json=write_body(ASK, **parameters)
    )

    assert status == 400
    assert answer["error"]["param"] == param
    assert answer["error"]["message"].startswith(param)
    assert len(answer["error"]["message"]) < 300
