from __future__ import annotations

import asyncio
import time

import pytest

from aiml_nb.simulator.model.prompts import split_tokens

from ..caller import LONG, SHORT, write_body

CHAT = "/v1/chat/completions"


async def test_a_completion_has_the_shape_of_openais(service):
    completion = await service.complete()

    (choice,) = completion["choices"]
    assert completion["object"] == "chat.completion"
    assert completion["id"].startswith("chatcmpl-")
    assert completion["model"] == "gpt-4o"
    assert abs(completion["created"] - time.time()) < 60
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"] == "2 + 2 = 4."
    assert choice["finish_reason"] == "stop"


async def test_usage_counts_the_tokens_of_the_texts(service):
    completion = await service.complete(LONG)

    usage = completion["usage"]
    text = completion["choices"][0]["message"]["content"]
    assert usage["completion_tokens"] == len(split_tokens(text))
    assert len(LONG) / 5 < usage["prompt_tokens"] < len(LONG) / 2
    assert usage["total_tokens"] == usage["completion_tokens"] + usage["prompt_tokens"]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
async def test_max_tokens_cuts_the_answer(service, name):
    completion = await service.complete(LONG, **{name: 7})

    assert completion["choices"][0]["finish_reason"] == "length"
    assert completion["usage"]["completion_tokens"] == 7


async def test_both_forms_of_every_path_work(service):
    for prefix in ("", "/v1"):
        _, _, models = await service.call("GET", f"{prefix}/models")
        _, _, model = await service.call("GET", f"{prefix}/models/gpt-4o")
        status, _, _ = await service.call(
            "POST", f"{prefix}/chat/completions", json=write_body(SHORT)
        )

        assert models["data"][0] == model
        assert model["id"] == "gpt-4o"
        assert model["object"] == "model"
        assert status == 200


async def test_the_long_question_asked_first_is_answered_last(service):
    """The FAQ's lesson, over the wire."""
    finished = []

    async def ask(question):
        await service.complete(question)
        finished.append(question)

    await asyncio.gather(ask(LONG), ask(SHORT))

    assert finished == [SHORT, LONG]


async def test_one_at_a_time_the_answers_come_in_the_order_of_the_questions(service):
    began = time.perf_counter()
    await service.complete(LONG)
    between = time.perf_counter()
    await service.complete(SHORT)
    ended = time.perf_counter()

    assert between - began > 5 / 20
    assert ended - between < between - began


async def test_every_parameter_of_the_real_api_is_accepted(service):
    completion = await service.complete(
        audio=None,
        frequency_penalty=0.5,
        logit_bias={"50256": -100},
        logprobs=False,
        metadata={"lesson": "1"},
        n=1,
        parallel_tool_calls=True,
        reasoning_effort="low",
        response_format={"type": "text"},
        seed=7,
        service_tier="auto",
        stop=["\n"],
        store=False,
        stream=None,
        stream_options=None,
        temperature=0,
        tool_choice="auto",
        tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}],
        top_p=0.9,
        user="somebody",
    )

    assert completion["choices"][0]["message"]["content"] == "2 + 2 = 4."


@pytest.mark.parametrize("path", ["/v1/models/gpt-9", CHAT])
async def test_an_unknown_model_is_404_in_openais_shape(service, path):
    method, body = ("POST", write_body() | {"model": "gpt-9"}) if path == CHAT else ("GET", None)

    status, _, answer = await service.call(method, path, json=body)

    assert status == 404
    assert set(answer["error"]) == {"message", "type", "param", "code"}
    assert answer["error"]["code"] == "model_not_found"
    assert "'gpt-9'" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 4}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [{"content": "no role"}]}, "messages[0]"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_completion_tokens": "many"}, "max_completion_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"stream": True, "stream_options": 1}, "stream_options"),
        ({"stream": True, "stream_options": {"include_usage": 1}}, "include_usage"),
    ],
)
async def test_a_wrong_value_is_400_and_named(service, changes, param):
    status, _, answer = await service.call("POST", CHAT, json=write_body() | changes)

    assert status == 400
    assert answer["error"]["type"] == "invalid_request_error"
    assert answer["error"]["param"] == param


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"\xff\xfe", b"[" * 200_000, b'{"model": ' + b"9" * 5000 + b"}"],
    ids=["empty", "cut", "list", "not UTF-8", "deep", "huge number"],
)
async def test_a_body_that_is_no_json_object_is_400(service, body):
    headers = {"Content-Type": "application/json"}

    status, _, answer = await service.call("POST", CHAT, data=body, headers=headers)

    assert status == 400
    assert answer["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", CHAT, 405),
        ("POST", "/v1/models", 405),
        ("DELETE", "/v1/models/gpt-4o", 405),
        ("GET", "/", 404),
        ("GET", "/v1", 404),
        ("POST", "/v1/files", 404),
        ("GET", "/v1/v1/models", 404),
        ("GET", "/v1/models/../../etc/passwd", 404),
        ("POST", "/_simulator/log", 404),
    ],
)
async def test_a_wrong_path_or_method_is_refused_in_openais_shape(service, method, path, expected):
    status, _, answer = await service.call(method, path)

    assert status == expected
    assert answer["error"]["type"] == "invalid_request_error"


async def test_hostile_text_is_asked_and_answered(service):
    for prompt in ("\ud800", "\x00\x1b[2J", "$$ \u2028 \u202e", "a" * 900_000):
        completion = await service.complete(prompt, max_tokens=3)

        assert completion["usage"]["completion_tokens"] == 3
