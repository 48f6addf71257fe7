"""The APIs besides chat completions: what the openai client gets, and what is refused."""

from __future__ import annotations

import base64
import io
import math
import wave
import zlib
from collections.abc import Iterator
from typing import Any

import aiohttp
import openai
import pytest

from aiml_nb.simulator import SimulatorProcess, scenario
from aiml_nb.simulator.http.guard import MAX_UPLOAD

from ..caller import SHORT, Caller

ANSWER = "2 + 2 = 4."


@pytest.fixture(scope="module")
def client(process: SimulatorProcess) -> Iterator[openai.OpenAI]:
    token = process.register(scenario("instant"))
    with openai.OpenAI(base_url=process.base_url, api_key=token, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("prefix", ["", "/v1"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/responses", {"model": "gpt-4o", "input": SHORT}),
        ("/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": SHORT}),
        ("/embeddings", {"model": "text-embedding-3-small", "input": SHORT}),
        ("/moderations", {"input": SHORT}),
        ("/images/generations", {"model": "gpt-image-1", "prompt": SHORT}),
    ],
)
async def test_each_is_at_both_paths_and_the_same_for_the_same_seed(
    open_service: Any, prefix: str, path: str, body: dict[str, Any]
) -> None:
    first, second = [await open_service().call("POST", prefix + path, json=body) for _ in "ab"]

    assert first[0] == 200
    kept = {"created", "created_at"}
    assert {n: each for n, each in first[2].items() if n not in kept} == {
        n: each for n, each in second[2].items() if n not in kept
    }
    assert (await open_service().call("GET", prefix + path))[0] == 405


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        (
            "/chat/completions",
            {"messages": [{"role": "user"}], "temperature": "hot"},
            "temperature",
        ),
        ("/chat/completions", {"messages": [{"role": "user"}], "top_p": 1.5}, "top_p"),
        ("/chat/completions", {"messages": [{"role": "user"}], "seed": "a"}, "seed"),
        ("/responses", {"input": SHORT, "temperature": "hot"}, "temperature"),
        ("/responses", {"input": []}, "input"),
        ("/responses", {"input": [5]}, "input[0]"),
        ("/responses", {"input": SHORT, "stream": "yes"}, "stream"),
        ("/responses", {"input": SHORT, "tools": {}}, "tools"),
        ("/responses", {"input": SHORT, "text": 5}, "text"),
        ("/responses", {"input": SHORT, "max_output_tokens": "many"}, "max_output_tokens"),
        ("/responses", {"input": SHORT, "model": "gpt-9"}, "model"),
        ("/completions", {"prompt": SHORT, "temperature": True}, "temperature"),
        ("/completions", {"prompt": {}}, "prompt"),
        ("/completions", {"prompt": SHORT, "logprobs": 9}, "logprobs"),
        ("/embeddings", {"input": ""}, "input"),
        ("/embeddings", {"input": []}, "input"),
        ("/embeddings", {"input": ["a", None]}, "input"),
        ("/embeddings", {"input": "a", "dimensions": 0}, "dimensions"),
        ("/embeddings", {"input": "a", "encoding_format": "hex"}, "encoding_format"),
        ("/embeddings", {"input": "a", "model": "gpt-4o"}, "model"),
        ("/moderations", {"input": 5}, "input"),
        ("/moderations", {"input": "a", "model": "gpt-4o"}, "model"),
        ("/images/generations", {"prompt": "a", "n": 11}, "n"),
        ("/images/generations", {"prompt": ""}, "prompt"),
        ("/audio/speech", {"input": "a"}, "voice"),
        ("/audio/speech", {"input": "a" * 5000, "voice": "alloy"}, "input"),
        (
            "/audio/speech",
            {"input": "a", "voice": "alloy", "response_format": "x"},
            "response_format",
        ),
    ],
)
async def test_what_the_api_refuses_is_refused_by_name(
    service: Caller, path: str, body: dict[str, Any], param: str
) -> None:
    models = {
        "/chat/completions": "gpt-4o",
        "/responses": "gpt-4o",
        "/completions": "davinci-002",
        "/embeddings": "text-embedding-3-small",
        "/images/generations": "dall-e-3",
        "/audio/speech": "tts-1",
    }
    model = {"model": models[path]} if path in models else {}

    status, _, told = await service.call("POST", f"/v1{path}", json=model | body)

    assert (status, told["error"]["param"]) == (404 if param == "model" else 400, param)


def test_a_response_streams_what_it_is_as_a_whole(client: openai.OpenAI) -> None:
    whole = client.responses.create(model="gpt-4o", input=SHORT)
    with client.responses.stream(model="gpt-4o", input=SHORT) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()

    assert whole.output_text == final.output_text == ANSWER
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert kinds[-4:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert whole.usage is not None
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (10, 6)


def test_a_response_is_cut_by_max_output_tokens(client: openai.OpenAI) -> None:
    told = client.responses.create(model="gpt-4o", input=SHORT, max_output_tokens=2)

    assert told.status == "incomplete"
    assert told.incomplete_details is not None
    assert told.incomplete_details.reason == "max_output_tokens"
    assert ANSWER.startswith(told.output_text)


def test_a_response_calls_tools_and_takes_their_results(client: openai.OpenAI) -> None:
    tool: Any = {
        "type": "function",
        "name": "get_weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    }
    asked: Any = [{"role": "user", "content": "What is the weather in Paris?"}]
    called = client.responses.create(model="gpt-4o", input=asked, tools=[tool]).output[0]
    assert called.type == "function_call"
    assert (called.name, called.arguments) == ("get_weather", '{"city": "Paris"}')

    items = [called.model_dump(), {"type": "function_call_output", "call_id": "c", "output": "5"}]
    told = client.responses.create(model="gpt-4o", input=asked + items, tools=[tool])

    assert told.output_text.startswith("The tools said: 5.")


def test_a_response_is_json_for_a_schema(client: openai.OpenAI) -> None:
    schema: Any = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    text: Any = {"format": {"type": "json_schema", "name": "number", "schema": schema}}

    told = client.responses.create(model="gpt-4o", input=SHORT, text=text)

    assert told.output_text.startswith('{"n": ')


def test_completions_of_several_prompts_with_logprobs(client: openai.OpenAI) -> None:
    told = client.completions.create(model="davinci-002", prompt=["a", "b"], n=2, logprobs=2)
    streamed = client.completions.create(model="davinci-002", prompt=SHORT, stream=True)

    assert [choice.index for choice in told.choices] == [0, 1, 2, 3]
    for choice in told.choices:
        assert choice.logprobs is not None
        assert "".join(choice.logprobs.tokens or []) == choice.text
    assert "".join(chunk.choices[0].text for chunk in streamed) == ANSWER


def test_embeddings_are_unit_vectors_nearer_for_shared_words(client: openai.OpenAI) -> None:
    texts = ["the cat sat on the mat", "the cat sat on a mat", "interest rates rose"]
    model = "text-embedding-3-small"
    told = client.embeddings.create(model=model, input=texts, encoding_format="float")
    packed = client.embeddings.create(model=model, input=texts)  # the client asks for base64

    one, near, far = (each.embedding for each in told.data)
    assert [len(one), len(client.embeddings.create(model=model, input="a", dimensions=9).data)] == [
        1536,
        1,
    ]
    assert math.isclose(sum(x * x for x in one), 1, abs_tol=1e-6)
    dots = [sum(x * y for x, y in zip(one, other, strict=True)) for other in (near, far)]
    assert dots[0] > 0.7 > 0.2 > dots[1]
    assert all(
        math.isclose(x, y, abs_tol=1e-6) for x, y in zip(one, packed.data[0].embedding, strict=True)
    )


def test_moderations_flag_plain_words(client: openai.OpenAI) -> None:
    told = client.moderations.create(input=["I will kill you", "Good morning"])

    assert [each.flagged for each in told.results] == [True, False]
    assert told.results[0].categories.violence
    assert told.results[0].category_scores.violence > 0.8


def test_pictures_and_sounds_are_valid_files(client: openai.OpenAI) -> None:
    told = client.images.generate(model="gpt-image-1", prompt="a house", n=2)
    pictures = [base64.b64decode(each.b64_json or "") for each in told.data or []]
    sound = client.audio.speech.create(model="tts-1", voice="alloy", input="Hello, you.").content

    assert len(set(pictures)) == 2
    for picture in pictures:
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        at = picture.index(b"IDAT")
        assert len(zlib.decompress(picture[at + 4 :])) == 64 * (1 + 64 * 3)
    with wave.open(io.BytesIO(sound)) as read:
        assert (read.getnchannels(), read.getframerate()) == (1, 8000)
        assert read.getnframes() > 0
    words = client.audio.transcriptions.create(model="whisper-1", file=("a.wav", sound))
    other = client.audio.transcriptions.create(model="whisper-1", file=("a.mp3", b"ID3 what?"))
    assert words.text == "Hello, you."
    assert other.text


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (
            lambda form: form.add_field("file", io.BytesIO(b"a" * (MAX_UPLOAD + 1)), filename="a"),
            413,
        ),
        (lambda form: form.add_field("model", "whisper-1"), 400),
        (lambda form: form.add_field("file", b"", filename="a"), 400),
    ],
)
async def test_forms_are_bounded_and_checked(service: Caller, make: Any, status: int) -> None:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("model", "whisper-1")
    make(form)

    assert (await service.call("POST", "/v1/audio/transcriptions", data=form))[0] == status


async def test_what_is_no_form_is_refused(service: Caller) -> None:
    head = {"Content-Type": "multipart/form-data; boundary=x"}
    path = "/v1/audio/transcriptions"

    assert (await service.call("POST", path, data=b"not a form", headers=head))[0] == 400
    assert (await service.call("POST", path, json={}))[0] == 415


async def test_limits_and_faults_hold_for_every_api(open_service: Any) -> None:
    service = open_service(requests_per_minute=2, faults={1: 503})
    body = {"model": "text-embedding-3-small", "input": "a"}

    told = [(await service.call("POST", "/v1/embeddings", json=body))[0] for _ in range(4)]

    assert told == [503, 200, 200, 429]
