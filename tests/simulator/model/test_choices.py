"""Several choices, how likely their tokens are, and answers in JSON."""

from __future__ import annotations

import base64
import io
import json
import math
import wave

import jsonschema
import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

from aiml_nb.simulator import AnswerOptions, Arrival, Settings, simulate
from aiml_nb.simulator.model.prompts import split_tokens

from ..caller import LONG, SHORT, write_body
from ..http.test_streams import read_chunks


def join_choices(chunks):
    """The text of each choice of a stream, by its index."""
    texts = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            text = texts.get(choice["index"], "") + (choice["delta"].get("content") or "")
            texts[choice["index"]] = text
    return [texts[index] for index in sorted(texts)]


async def test_n_choices_differ_and_the_first_is_the_one_of_a_single_choice(service):
    single = await service.complete(SHORT)
    completion = await service.complete(SHORT, n=3)

    choices = completion["choices"]
    texts = [choice["message"]["content"] for choice in choices]
    assert [choice["index"] for choice in choices] == [0, 1, 2]
    assert texts[0] == single["choices"][0]["message"]["content"]
    assert len(set(texts)) == 3
    assert {choice["finish_reason"] for choice in choices} == {"stop"}
    ChatCompletion.model_validate(completion, strict=True)


async def test_usage_counts_the_tokens_of_all_choices(service):
    completion = await service.complete(SHORT, n=3)

    texts = [choice["message"]["content"] for choice in completion["choices"]]
    assert completion["usage"]["completion_tokens"] == sum(len(split_tokens(t)) for t in texts)


async def test_streamed_the_choices_come_interleaved_by_index(open_service):
    asked = {"n": 3, "max_tokens": 20, "stream_options": {"include_usage": True}}
    completion = await open_service(seed=5).complete("any", **asked | {"stream_options": None})
    *chunks, usage = read_chunks(await open_service(seed=5).stream("any", **asked))

    indices = [chunk["choices"][0]["index"] for chunk in chunks]
    assert indices == [0, 1, 2] * 22, "the role, 20 tokens, the reason"
    assert join_choices(chunks) == [
        choice["message"]["content"] for choice in completion["choices"]
    ]
    assert usage["usage"] == completion["usage"]
    for chunk in [*chunks, usage]:
        ChatCompletionChunk.model_validate(chunk, strict=True)


async def test_a_shorter_choice_ends_while_the_others_go_on(service):
    chunks = read_chunks(await service.stream(SHORT, n=2))

    ends = [
        (chunk["choices"][0]["index"], place)
        for place, chunk in enumerate(chunks)
        if chunk["choices"][0]["finish_reason"] == "stop"
    ]
    assert [index for index, _ in ends] == [0, 1]
    assert ends[0][1] == 2 + 2 * 6
    assert ends[1][1] == len(chunks) - 1


def test_choices_are_written_side_by_side_in_the_time_of_the_longest():
    plans = simulate(
        [Arrival(0, SHORT, options=AnswerOptions(n=n)) for n in (1, 4)], Settings(seed=2)
    )

    one, four = plans
    assert four.first_token - four.started < 2 * (one.first_token - one.started)
    assert four.length == max(choice.size for choice in four.choices)
    assert four.finished == four.token_due(four.length - 1)
    assert four.completion_tokens == sum(choice.size for choice in four.choices)


@pytest.mark.parametrize("value", [0, -1, 129, 1.5, "2", True])
async def test_an_n_that_is_none_is_refused(service, value):
    status, _, answer = await service.call(
        "POST", "/v1/chat/completions", json=write_body(SHORT, n=value)
    )

    assert (status, answer["error"]["param"]) == (400, "n")
    assert "from 1 to 128" in answer["error"]["message"]


def check_entry(entry):
    assert -30 < entry["logprob"] <= 0
    assert bytes(entry["bytes"]).decode() == entry["token"]


async def test_logprobs_tell_of_each_token_and_of_the_likeliest(service):
    completion = await service.complete(LONG, logprobs=True, top_logprobs=4)

    (choice,) = completion["choices"]
    entries = choice["logprobs"]["content"]
    assert choice["logprobs"]["refusal"] is None
    assert tuple(entry["token"] for entry in entries) == split_tokens(choice["message"]["content"])
    for entry in entries:
        check_entry(entry)
        top = entry["top_logprobs"]
        assert len({other["token"] for other in top}) == 4
        assert [other["logprob"] for other in top] == sorted(
            (other["logprob"] for other in top), reverse=True
        )
        assert sum(math.exp(other["logprob"]) for other in top) <= 1 + 1e-6
        for other in top:
            check_entry(other)
    firsts = [entry["top_logprobs"][0]["token"] == entry["token"] for entry in entries]
    assert 0.5 < sum(firsts) / len(firsts) < 1, "now and then the model was unlikely"
    ChatCompletion.model_validate(completion, strict=True)


async def test_without_top_logprobs_none_are_listed(service):
    completion = await service.complete(SHORT, logprobs=True)

    entries = completion["choices"][0]["logprobs"]["content"]
    assert len(entries) == 6
    assert all(entry["top_logprobs"] == [] for entry in entries)


async def test_streamed_each_chunk_has_the_logprobs_of_its_token(open_service):
    asked = {"logprobs": True, "top_logprobs": 2, "n": 2}
    completion = await open_service(seed=5).complete(SHORT, **asked)
    chunks = read_chunks(await open_service(seed=5).stream(SHORT, **asked))

    for index, whole in enumerate(completion["choices"]):
        choices = [c for chunk in chunks for c in chunk["choices"] if c["index"] == index]
        first, *middle, last = choices
        assert first["logprobs"] == {"content": [], "refusal": None}
        assert last["logprobs"] is None
        entries = [each["logprobs"]["content"] for each in middle]
        assert [len(each) for each in entries] == [1] * len(middle)
        assert [each[0] for each in entries] == whole["logprobs"]["content"]
        assert all(
            c["delta"]["content"] == e[0]["token"] for c, e in zip(middle, entries, strict=True)
        )
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk, strict=True)


async def test_a_refusal_has_its_own_logprobs_and_a_lone_surrogate_no_bytes(open_service):
    service = open_service(faults={1: "refusal", 2: "surrogate"})
    refused, broken = [await service.complete(SHORT, logprobs=True) for _ in range(2)]

    entries = refused["choices"][0]["logprobs"]
    assert entries["content"] is None
    assert "".join(each["token"] for each in entries["refusal"]) == "I cannot help with that."
    (lone,) = [
        each for each in broken["choices"][0]["logprobs"]["content"] if "\ud800" in each["token"]
    ]
    assert lone["bytes"] is None


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"logprobs": "yes"}, "logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": -1}, "top_logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"modalities": "audio"}, "modalities"),
        ({"modalities": ["video"]}, "modalities"),
        ({"response_format": "json"}, "response_format"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
         "response_format.json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {
            "name": "x", "schema": {"$ref": "#"}}}}, "response_format.json_schema.schema"),
    ],
)  # fmt: skip
async def test_what_is_no_value_is_refused_by_name(service, parameters, param):
    status, _, answer = await service.call(
        "POST", "/v1/chat/completions", json=write_body(SHORT, **parameters)
    )

    assert (status, answer["error"]["param"]) == (400, param)
    assert answer["error"]["message"].startswith(param)


class Person(BaseModel):
    name: str
    age: int
    likes: list[str]


async def test_a_json_schema_is_met_whole_and_streamed(open_service):
    described = {"name": "person", "schema": Person.model_json_schema(), "strict": True}
    asked = {"response_format": {"type": "json_schema", "json_schema": described}, "n": 2}
    completion = await open_service(seed=5).complete("Who?", **asked)
    chunks = read_chunks(await open_service(seed=5).stream("Who?", **asked))

    texts = [choice["message"]["content"] for choice in completion["choices"]]
    people = [Person.model_validate_json(text) for text in texts]
    assert people[0] != people[1]
    assert join_choices(chunks) == texts
    assert {choice["finish_reason"] for choice in completion["choices"]} == {"stop"}


async def test_the_clients_own_parser_reads_a_model(service):
    async with openai.AsyncOpenAI(
        base_url=service.root, api_key=service.token, max_retries=0
    ) as client:
        parsed = await client.chat.completions.parse(
            model="gpt-4o", messages=[{"role": "user", "content": "Who?"}], response_format=Person
        )

    assert isinstance(parsed.choices[0].message.parsed, Person)


async def test_other_prompts_and_seeds_get_other_values(open_service):
    described = {"name": "person", "schema": Person.model_json_schema()}
    asked = {"response_format": {"type": "json_schema", "json_schema": described}}

    texts = [
        (await open_service(seed=seed).complete(prompt, **asked))["choices"][0]["message"][
            "content"
        ]
        for seed in (1, 2)
        for prompt in ("Who?", "Who else?")
    ]

    assert len(set(texts)) == 4


async def test_a_json_object_holds_the_answer(service):
    completion = await service.complete(SHORT, response_format={"type": "json_object"})

    text = completion["choices"][0]["message"]["content"]
    assert json.loads(text) == {"answer": "2 + 2 = 4.", "simulated": True}


async def test_a_json_object_may_have_a_schema_as_llama_cpps_server_takes_it(service):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    asked = {"type": "json_object", "schema": schema}

    completion = await service.complete(SHORT, response_format=asked)

    jsonschema.validate(json.loads(completion["choices"][0]["message"]["content"]), schema)


async def test_asked_to_speak_it_says_its_answer_in_silence(open_service):
    asked = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
    completion = await open_service(seed=5).complete(SHORT, **asked)
    chunks = read_chunks(await open_service(seed=5).stream(SHORT, **asked))

    message = completion["choices"][0]["message"]
    assert message["content"] is None
    assert message["audio"]["transcript"] == "2 + 2 = 4."
    with wave.open(io.BytesIO(base64.b64decode(message["audio"]["data"]))) as sound:
        assert sound.getnframes() == 800
    ChatCompletion.model_validate(completion, strict=True)
    pieces = [chunk["choices"][0]["delta"]["audio"] for chunk in chunks[1:-1]]
    assert "".join(piece["transcript"] for piece in pieces) == "2 + 2 = 4."
    assert {**pieces[0], "transcript": "", "expires_at": 0} == {
        **message["audio"],
        "transcript": "",
        "expires_at": 0,
    }
    assert all(set(piece) == {"transcript"} for piece in pieces[1:])


async def test_a_body_too_deep_to_be_told_of_is_refused(service):
    """Deep enough to be read and not to be written."""
    for depth in range(200, 1000, 100):
        data = b'{"model": "gpt-4o", "messages": ' + b"[" * depth + b"]" * depth + b"}"
        status, _, _ = await service.call(
            "POST",
            "/v1/chat/completions",
            data=data,
            headers={"Content-Type": "application/json"},
        )

        assert status == 400
