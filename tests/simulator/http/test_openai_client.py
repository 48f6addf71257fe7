from __future__ import annotations

import asyncio

import openai
import pytest

from aiml_nb.simulator import Settings

from ..caller import LONG, SHORT

ASK = {"model": "gpt-4o"}


def message(prompt):
    return [{"role": "user", "content": prompt}]


@pytest.fixture(params=["", "/v1"])
def base_url(request, service):
    """The FAQ's base URL has no /v1; others have it."""
    return service.root + request.param


async def test_the_async_client_completes_and_streams(service, base_url):
    async with openai.AsyncOpenAI(
        base_url=base_url, api_key=service.token, max_retries=0
    ) as client:
        completion = await client.chat.completions.create(messages=message(LONG), **ASK)
        stream = await client.chat.completions.create(messages=message(LONG), stream=True, **ASK)
        text = "".join(
            [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
        )
        models = [model.id async for model in client.models.list()]

    assert text == completion.choices[0].message.content
    assert models[0] == "gpt-4o"


def test_the_blocking_client_completes_and_streams(process):
    token = process.register()
    with openai.OpenAI(base_url=process.base_url, api_key=token, max_retries=0) as client:
        completion = client.chat.completions.create(messages=message(SHORT), **ASK)
        stream = client.chat.completions.create(messages=message(SHORT), stream=True, **ASK)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    assert completion.choices[0].message.content == text == "2 + 2 = 4."
    assert completion.usage.completion_tokens == 6


async def test_the_clients_own_errors_tell_the_status(service, base_url):
    async with openai.AsyncOpenAI(
        base_url=base_url, api_key=service.token, max_retries=0
    ) as client:
        with pytest.raises(openai.NotFoundError) as caught:
            await client.chat.completions.create(model="gpt-9", messages=message(SHORT))
        with pytest.raises(openai.AuthenticationError):
            await client.with_options(api_key="sim-unknown").models.list()

    assert caught.value.code == "model_not_found"
    assert caught.value.request_id.startswith("req_")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (403, openai.PermissionDeniedError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (529, openai.InternalServerError),
    ],
)
async def test_one_failing_call_among_many_is_one_error(open_service, status, error):
    service = open_service(faults={"Which one fails?": status})
    prompts = ["one", "two", "Which one fails?", "three", "four"]
    async with openai.AsyncOpenAI(
        base_url=service.root, api_key=service.token, max_retries=0
    ) as client:
        calls = [client.chat.completions.create(messages=message(p), **ASK) for p in prompts]
        answers = await asyncio.gather(*calls, return_exceptions=True)

    assert [isinstance(answer, error) for answer in answers] == [False, False, True, False, False]
    assert answers[2].status_code == status


async def test_the_clients_retry_mends_a_hiccup_and_the_log_tells_the_attempts(open_service):
    service = open_service(faults={SHORT: [503]})
    async with openai.AsyncOpenAI(
        base_url=service.root, api_key=service.token, max_retries=1
    ) as client:
        completion = await client.chat.completions.create(messages=message(SHORT), **ASK)

    requests = (await service.read_log())["requests"]
    assert completion.choices[0].message.content == "2 + 2 = 4."
    assert [(each["attempt"], each["status"]) for each in requests] == [(0, 503), (1, 200)]


FUNCTION = {"type": "function", "function": {"name": "get_weather"}}
FORMS = {
    "n": ({"n": 2}, {}),
    "logprobs": ({"logprobs": True, "top_logprobs": 2}, {}),
    "tools": ({"tools": [FUNCTION], "tool_choice": "required"}, {}),
    "json": ({"response_format": {"type": "json_object"}}, {}),
    "audio": ({"modalities": ["text", "audio"], "audio": {"voice": "ash", "format": "wav"}}, {}),
    "refusal": ({}, {"faults": {"*": "refusal"}}),
    "reasoning_content": ({}, {"reasoning": "reasoning_content"}),
    "reasoning": ({}, {"reasoning": "reasoning"}),
    "parts": ({}, {"reasoning": "parts"}),
}


def gather_pieces(chunks):
    """Put together, by choice, the texts of each field that deltas have, wherever they are."""
    found = {}
    for chunk in chunks:
        for choice in chunk.choices:
            for field, value in choice.delta.model_dump(exclude_none=True, warnings=False).items():
                for text in find_texts(value):
                    found.setdefault((choice.index, field), []).append(text)
    return {key: "".join(texts) for key, texts in found.items() if key[1] != "role"}


def find_texts(value):
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for each in value for text in find_texts(each)]
    if isinstance(value, dict):
        known = ("text", "thinking", "arguments", "function", "transcript")
        return [text for name in known for text in find_texts(value.get(name))]
    return []


@pytest.mark.parametrize("form", FORMS)
def test_the_blocking_client_reads_every_form_of_an_answer_alike_streamed_and_not(process, form):
    parameters, settings = FORMS[form]
    asked = {"messages": message(SHORT), **ASK, **parameters}
    answers = []
    for stream in (False, True):
        token = process.register(Settings(seed=3, speed=100, **settings))
        with openai.OpenAI(base_url=process.base_url, api_key=token, max_retries=0) as client:
            answer = client.chat.completions.create(**asked, stream=stream)
            answers.append(list(answer) if stream else answer)
    whole, chunks = answers

    messages = {
        choice.index: choice.message.model_dump(exclude_none=True, warnings=False)
        for choice in whole.choices
    }
    texts = {
        (index, field): "".join(find_texts(value))
        for index, fields in messages.items()
        for field, value in fields.items()
        if field != "role" and value != []
    }
    streamed = {key: text for key, text in gather_pieces(chunks).items() if text or key in texts}
    assert streamed == texts
    assert any(texts.values())
