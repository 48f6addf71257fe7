"""Every kind of call is recorded, and what it gives is what it gives without a watch."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from typing import Any

import httpx
import httpx2
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, DefaultAioHttpClient, OpenAI
from pydantic import BaseModel

import aiml_nb as nb
from aiml_nb.records import Call

from .model_server import ANSWER, MODEL, ModelServer, model_server

MESSAGES: Any = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Where?"}]
CHAT: dict[str, Any] = {"model": "gpt-asked", "messages": MESSAGES}
RESPONSE: dict[str, Any] = {"model": "gpt-asked", "input": "Where?"}
TEXT: dict[str, Any] = {"model": "gpt-asked", "prompt": "Where?"}
SOUND: dict[str, Any] = {"model": "tts", "input": "Where?", "voice": "alloy"}
FILE = ("a.wav", b"RIFF")


class Place(BaseModel):
    """What the answer is read as."""

    city: str


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with model_server() as served:
        yield served


@cache  # opening one takes a quarter of a second
def open_http() -> httpx2.Client:
    return httpx2.Client()


def open_client(server: ModelServer, http_client: Any = None) -> OpenAI:
    http_client = http_client or open_http()
    return OpenAI(base_url=server.base_url, api_key="sk-canary", http_client=http_client)


@cache
def trust_nothing() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


opened: list[httpx2.AsyncClient] = []


def open_async(server: ModelServer, http_client: Any = None) -> AsyncOpenAI:
    if http_client is None:
        http_client = httpx2.AsyncClient(verify=trust_nothing())
        opened.append(http_client)
    return AsyncOpenAI(base_url=server.base_url, api_key="sk-canary", http_client=http_client)


def read_streaming(client: OpenAI) -> Any:
    with client.chat.completions.with_streaming_response.create(**CHAT) as reply:
        return reply.parse()


def read_lines(client: OpenAI) -> Any:
    with client.chat.completions.with_streaming_response.create(**CHAT, stream=True) as reply:
        return [line for line in reply.iter_lines() if line]


def read_helper(client: OpenAI) -> Any:
    with client.chat.completions.stream(**CHAT) as events:
        return [event.type for event in events], events.get_final_completion()


def read_response_helper(client: OpenAI) -> Any:
    with client.responses.stream(**RESPONSE) as events:
        return [event.type for event in events]


def read_sound(client: OpenAI) -> Any:
    with client.audio.speech.with_streaming_response.create(**SOUND) as reply:
        return reply.read()


def read_in_thread(client: OpenAI) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(client.chat.completions.create(**CHAT)))
    thread.start()
    thread.join()
    return found[0]


def with_httpx(server: ModelServer) -> Any:
    with httpx.Client() as http:
        return open_client(server, http_client=http).chat.completions.create(**CHAT)


def on_azure(server: ModelServer) -> Any:
    client = AzureOpenAI(azure_endpoint=server.origin, api_key="sk-canary", api_version="1")
    return client.chat.completions.create(**CHAT)


def post(server: ModelServer, path: str, body: dict[str, Any], *, library: Any = httpx) -> Any:
    headers = {"x-api-key": "sk-canary"}
    return library.post(f"{server.origin}{path}", json=body, headers=headers).json()


def stream(server: ModelServer, path: str, body: dict[str, Any]) -> Any:
    headers = {"authorization": "Bearer sk-canary"}
    url = f"{server.origin}{path}"
    with httpx.stream("POST", url, json={**body, "stream": True}, headers=headers) as reply:
        return [line for line in reply.iter_lines() if line]


CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Where?"}]}]}
GEMINI = "/v1beta/models/gemini"
SYNC: dict[str, tuple[str, Callable[[ModelServer], Any]]] = {
    "chat": ("chat", lambda s: open_client(s).chat.completions.create(**CHAT)),
    "chat, parsed": (
        "chat",
        lambda s: open_client(s).chat.completions.parse(**CHAT, response_format=Place),
    ),
    "chat, raw": (
        "chat",
        lambda s: open_client(s).chat.completions.with_raw_response.create(**CHAT).parse(),
    ),
    "chat, streaming response": ("chat", lambda s: read_streaming(open_client(s))),
    "chat stream": (
        "chat",
        lambda s: list(open_client(s).chat.completions.create(**CHAT, stream=True)),
    ),
    "chat stream, raw": (
        "chat",
        lambda s: list(
            open_client(s).chat.completions.with_raw_response.create(**CHAT, stream=True).parse()
        ),
    ),
    "chat stream, lines": ("chat", lambda s: read_lines(open_client(s))),
    "chat stream, helper": ("chat", lambda s: read_helper(open_client(s))),
    "chat in a thread": ("chat", lambda s: read_in_thread(open_client(s))),
    "chat over httpx": ("chat", with_httpx),
    "chat on Azure": ("chat", on_azure),
    "completions": ("completions", lambda s: open_client(s).completions.create(**TEXT)),
    "completions stream": (
        "completions",
        lambda s: list(open_client(s).completions.create(**TEXT, stream=True)),
    ),
    "responses": ("responses", lambda s: open_client(s).responses.create(**RESPONSE)),
    "responses, parsed": (
        "responses",
        lambda s: open_client(s).responses.parse(**RESPONSE, text_format=Place),
    ),
    "responses stream": (
        "responses",
        lambda s: list(open_client(s).responses.create(**RESPONSE, stream=True)),
    ),
    "responses stream, helper": ("responses", lambda s: read_response_helper(open_client(s))),
    "embeddings": (
        "embeddings",
        lambda s: open_client(s).embeddings.create(model="gpt-asked", input=["Where?", "When?"]),
    ),
    "images": (
        "images",
        lambda s: open_client(s).images.generate(model="gpt-asked", prompt="Where?"),
    ),
    "edits": (
        "edits",
        lambda s: open_client(s).images.edit(model="gpt-asked", prompt="Where?", image=FILE),
    ),
    "moderations": ("moderations", lambda s: open_client(s).moderations.create(input="Where?")),
    "speech": ("speech", lambda s: open_client(s).audio.speech.create(**SOUND).content),
    "speech, streamed": ("speech", lambda s: read_sound(open_client(s))),
    "transcription": (
        "transcription",
        lambda s: open_client(s).audio.transcriptions.create(model="whisper", file=FILE),
    ),
    "files": ("other", lambda s: [each.id for each in open_client(s).files.list()]),
    "httpx2, chat": ("chat", lambda s: post(s, "/v1/chat/completions", CHAT, library=httpx2)),
    "httpx, messages": ("messages", lambda s: post(s, "/v1/messages", CHAT)),
    "httpx, messages stream": ("messages", lambda s: stream(s, "/v1/messages", CHAT)),
    "httpx, Gemini": ("generate", lambda s: post(s, f"{GEMINI}:generateContent", CONTENTS)),
    "httpx, Gemini stream": (
        "generate",
        lambda s: stream(s, f"{GEMINI}:streamGenerateContent", CONTENTS),
    ),
}


async def read_async_stream(client: AsyncOpenAI) -> Any:
    return [chunk async for chunk in await client.chat.completions.create(**CHAT, stream=True)]


async def read_async_helper(client: AsyncOpenAI) -> Any:
    async with client.chat.completions.stream(**CHAT) as events:
        return [event.type async for event in events]


async def read_async_streaming(client: AsyncOpenAI) -> Any:
    async with client.chat.completions.with_streaming_response.create(**CHAT) as reply:
        return await reply.parse()


async def with_aiohttp(server: ModelServer) -> Any:
    async with DefaultAioHttpClient() as http:
        return await open_async(server, http_client=http).chat.completions.create(**CHAT)


async def stream_with_aiohttp(server: ModelServer) -> Any:
    async with DefaultAioHttpClient() as http:
        return await read_async_stream(open_async(server, http_client=http))


async def on_azure_async(server: ModelServer) -> Any:
    place = {"azure_endpoint": server.origin, "api_version": "1"}
    async with AsyncAzureOpenAI(**place, api_key="sk-canary") as client:
        return await client.chat.completions.create(**CHAT)


async def files(client: AsyncOpenAI) -> Any:
    return [each.id async for each in client.files.list()]


async def stream_async(server: ModelServer, path: str, body: dict[str, Any]) -> Any:
    async with httpx.AsyncClient() as http:
        asked = {**body, "stream": True}
        async with http.stream("POST", f"{server.origin}{path}", json=asked) as reply:
            return [line async for line in reply.aiter_lines() if line]


ASYNC: dict[str, tuple[str, Callable[[ModelServer], Awaitable[Any]]]] = {
    "chat": ("chat", lambda s: open_async(s).chat.completions.create(**CHAT)),
    "chat, parsed": (
        "chat",
        lambda s: open_async(s).chat.completions.parse(**CHAT, response_format=Place),
    ),
    "chat, streaming response": ("chat", lambda s: read_async_streaming(open_async(s))),
    "chat stream": ("chat", lambda s: read_async_stream(open_async(s))),
    "chat stream, helper": ("chat", lambda s: read_async_helper(open_async(s))),
    "chat over aiohttp": ("chat", with_aiohttp),
    "chat stream over aiohttp": ("chat", stream_with_aiohttp),
    "chat on Azure": ("chat", on_azure_async),
    "responses": ("responses", lambda s: open_async(s).responses.create(**RESPONSE)),
    "embeddings": (
        "embeddings",
        lambda s: open_async(s).embeddings.create(model="gpt-asked", input="Where?"),
    ),
    "files": ("other", lambda s: files(open_async(s))),
    "httpx, messages stream": ("messages", lambda s: stream_async(s, "/v1/messages", CHAT)),
}
# What has no text in its answer, and what has more than one request.
SILENT = {"embeddings", "images", "edits", "moderations", "speech", "other"}


def same(found: Any, expected: Any) -> bool:
    """Say whether two results are of the same classes and hold the same."""
    if isinstance(expected, list | tuple):
        pairs = zip(found, expected, strict=True)
        return type(found) is type(expected) and all(same(*pair) for pair in pairs)
    return type(found) is type(expected) and found == expected


def check(calls: list[Call], api: str, name: str) -> None:
    assert [call.api for call in calls] == [api] * (2 if name == "files" else 1)
    call = calls[0]
    assert call.outcome == "ok", call.error
    assert call.finished is not None
    assert call.submitted == call.started == 0.0
    assert [attempt.status for attempt in call.attempts] == [200]
    assert call.text == ("" if api in SILENT else ANSWER)
    streams = "stream" in name.replace("streaming", "").replace("streamed", "")
    assert (call.first_token is not None) == streams
    if name == "files":
        assert [call.prompt for call in calls] == ["GET /files"] * 2
    elif api not in {"other", "transcription"}:
        assert call.prompt.startswith("Where?")
    if api in {"chat", "completions", "responses", "messages", "generate"}:
        assert (call.input_tokens, call.output_tokens, call.model) == (7, 3, MODEL)
        assert call.finish_reason is not None


@pytest.mark.parametrize("name", SYNC)
def test_a_blocking_call_is_recorded_and_gives_what_it_gives(
    server: ModelServer, name: str
) -> None:
    api, make = SYNC[name]
    expected = make(server)

    with nb.watch() as run:
        found = make(server)

    assert same(found, expected)
    check(run.calls, api, name)
    assert not any("could not be recorded" in notice for notice in run.notices)


@pytest.mark.parametrize("name", ASYNC)
def test_an_awaited_call_is_recorded_and_gives_what_it_gives(
    server: ModelServer, name: str
) -> None:
    api, make = ASYNC[name]

    async def wait() -> Any:
        found = await make(server)
        while opened:
            await opened.pop().aclose()
        return found

    expected = asyncio.run(wait())

    with nb.watch() as run:
        found = asyncio.run(wait())

    assert same(found, expected)
    check(run.calls, api, name)
    assert not any("could not be recorded" in notice for notice in run.notices)
