"""No key is in what a watch has written, whichever way it was sent and wherever it is said back."""

from __future__ import annotations

import asyncio
import logging
import pprint
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI

import aiml_nb as nb
from aiml_nb.endpoint import sent_keys

from .key_server import PLACES, key_server

CANARY = "canary-0123456789abcdef"
PART = CANARY[:12]
ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": f"Is it {CANARY}?"}]}
QUICK: dict[str, Any] = {"verify": False, "trust_env": False}
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
GEMINI = "/v1beta/models/m:generateContent"
BASIC = b64encode(f"me:{CANARY}".encode()).decode()


def http(hooks: Any = None) -> httpx2.Client:
    return httpx2.Client(event_hooks=hooks, **QUICK)


def openai_client(
    root: str, key: Any = "placeholder", *, hooks: Any = None, **options: Any
) -> OpenAI:
    options |= {"max_retries": 0, "http_client": http(hooks)}
    return OpenAI(base_url=f"{root}/v1", api_key=key, **options)


def post(url: str, headers: dict[str, str] | None = None, **options: Any) -> Any:
    reply = httpx.post(url, json=ASK, headers=headers, **options, **QUICK)
    return reply.raise_for_status().json()


def azure(root: str, **options: Any) -> Any:
    options |= {"max_retries": 0, "http_client": http()}
    return create(AzureOpenAI(azure_endpoint=root, api_version="1", **options))


def azure_async(root: str) -> Any:
    async def ask() -> Any:
        async with AsyncAzureOpenAI(
            azure_endpoint=root,
            api_version="1",
            max_retries=0,
            http_client=httpx2.AsyncClient(**QUICK),
            azure_ad_token=CANARY,
        ) as client:
            return await client.chat.completions.create(**ASK)

    return asyncio.run(ask())


def ask_async(root: str) -> Any:
    async def ask() -> Any:
        its = httpx2.AsyncClient(**QUICK)
        async with AsyncOpenAI(
            base_url=f"{root}/v1", api_key=CANARY, max_retries=0, http_client=its
        ) as client:
            return [each async for each in await client.chat.completions.create(**ASK, stream=True)]

    return asyncio.run(ask())


def create(client: OpenAI, **options: Any) -> Any:
    with client:
        made = client.chat.completions.create(**ASK, **options)
        return list(made) if "stream" in options else made


WAYS: dict[str, Callable[[str], Any]] = {
    "api_key": lambda root: create(openai_client(root, CANARY)),
    "api_key, streamed": lambda root: create(openai_client(root, CANARY), stream=True),
    "api_key, streamed, read by a hook": lambda root: create(
        openai_client(root, CANARY, hooks={"response": [lambda reply: reply.read()]}), stream=True
    ),
    "api_key, async": ask_async,
    "api_key, called for": lambda root: create(openai_client(root, lambda: CANARY)),
    "default header": lambda root: create(
        openai_client(root, default_headers={"Authorization": f"Bearer {CANARY}"})
    ),
    "header of the call": lambda root: create(
        openai_client(root), extra_headers={"X-Gateway-Auth": CANARY}
    ),
    "default parameter": lambda root: create(openai_client(root, default_query={"key": CANARY})),
    "parameter of the call": lambda root: create(
        openai_client(root), extra_query={"access_token": CANARY}
    ),
    "user in the address": lambda root: create(
        openai_client(root.replace("//", f"//me:{CANARY}@"))
    ),
    "azure": lambda root: azure(root, api_key=CANARY),
    "azure, token": lambda root: azure(root, azure_ad_token=CANARY),
    "azure, provider": lambda root: azure(root, azure_ad_token_provider=lambda: CANARY),
    "azure, async": azure_async,
    "Bearer": lambda root: post(root + CHAT, {"Authorization": f"Bearer {CANARY}"}),
    "bearer": lambda root: post(root + CHAT, {"authorization": f"bearer  {CANARY}"}),
    "no scheme": lambda root: post(root + CHAT, {"Authorization": CANARY}),
    "Basic": lambda root: post(root + CHAT, {"Authorization": f"Basic {BASIC}"}),
    "api-key": lambda root: post(root + CHAT, {"api-key": CANARY}),
    "x-api-key": lambda root: post(root + MESSAGES, {"x-api-key": CANARY}),
    "x-goog-api-key": lambda root: post(root + GEMINI, {"x-goog-api-key": CANARY}),
    "subscription": lambda root: post(root + CHAT, {"Ocp-Apim-Subscription-Key": CANARY}),
    "cookie": lambda root: post(root + CHAT, {"Cookie": f"lang=en; session={CANARY}"}),
    "one cookie": lambda root: post(root + CHAT, {"Cookie": f"session={CANARY}"}),
    "?key=": lambda root: post(f"{root}{GEMINI}?key={CANARY}&alt=sse"),
    "?api-version": lambda root: post(f"{root}{CHAT}?api-version=1&sig={CANARY}"),
    "auth=": lambda root: post(root + CHAT, auth=("me", CANARY)),
    "user@": lambda root: post(root.replace("//", f"//me:{CANARY}@") + CHAT),
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with key_server(CANARY) as root:
        yield root


@pytest.mark.parametrize("way", WAYS)
def test_no_key_is_written(
    server: str, way: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    @nb.step
    def ask(root: str) -> None:  # what it returns is its own affair
        WAYS[way](root)

    caplog.set_level(logging.DEBUG, logger="aiml_nb")
    with nb.watch() as watched:
        for place in PLACES:
            for make in (WAYS[way], ask):
                with suppress(Exception):
                    make(f"{server}/{place}")
    assert len(watched.calls) == 2 * len(PLACES)
    roots = [f"{server}/{place}" for place in PLACES]
    by_run = nb.run(roots, ask, progress=False, journal=tmp_path / "journal")

    runs = [watched, by_run]
    for number, run in enumerate(runs):
        assert leaks(show(run)) == []
        nb.to_csv(run, tmp_path / f"{number}.csv", texts=True)
        nb.to_jsonl(run, tmp_path / f"{number}.jsonl", texts=True)
        nb.to_chrome_trace(run, tmp_path / f"{number}.json", texts=True)
    written = list(tmp_path.iterdir())
    assert len(written) == 3 * len(runs) + 1
    assert [leak for each in written for leak in leaks(each.read_text())] == []
    assert leaks(caplog.text) == []


@pytest.mark.parametrize("way", WAYS)
def test_what_a_function_returns_is_written_without_the_keys_it_has_sent(
    server: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_keys, "_seen", {})  # those of other ways
    said = {CANARY: [f"sent {CANARY}", CANARY.encode(), {"twice": (CANARY, Path("/") / CANARY)}]}

    def ask(root: str) -> Any:
        with suppress(Exception):
            WAYS[way](root)
        return said

    run = nb.run([f"{server}/{PLACES[0]}"], ask, progress=False, journal=tmp_path / "journal")
    nb.to_csv(run, tmp_path / "a.csv", texts=True)
    nb.to_jsonl(run, tmp_path / "a.jsonl", texts=True)
    nb.to_chrome_trace(run, tmp_path / "a.json", texts=True)

    assert run.results[0] is said
    written = [each.read_text() for each in tmp_path.iterdir()]
    assert len(written) == 4
    assert [leak for text in [*written, run.to_frame().to_string()] for leak in leaks(text)] == []
    assert "sent [key]" in (tmp_path / "journal").read_text()


def test_items_that_hold_a_known_key_are_written_without_it_and_given_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", CANARY)
    items: list[Any] = [{"base_url": "http://x", "api_key": CANARY}, (1, [CANARY]), CANARY, "plain"]
    seen: list[Any] = []
    stops = [1]

    def ask(item: Any) -> int:
        if len(seen) in stops:
            raise SystemExit
        seen.append(item)
        return len(seen)

    path = tmp_path / "journal"
    with pytest.raises(SystemExit):
        nb.run(items, ask, max_concurrency=1, progress=False, journal=path)
    stops.clear()
    with pytest.raises(nb.JournalError, match=r"all but a key.*prompts=items\)"):
        nb.resume(path, ask)
    run = nb.resume(path, ask, prompts=items)
    again = nb.run(items, ask, progress=False, journal=path)

    assert sorted(map(str, seen)) == sorted(map(str, items))
    assert [call.from_journal for call in again.calls] == [True] * 4
    nb.to_csv(run, tmp_path / "a.csv", texts=True)
    nb.to_jsonl(run, tmp_path / "a.jsonl", texts=True)
    written = [each.read_text() for each in tmp_path.iterdir()]
    assert [leak for text in [*written, show(run)] for leak in leaks(text)] == []
    assert leaks(nb.plot_timeline(run)._repr_mimebundle_()["text/html"]) == []  # type: ignore[attr-defined]


def test_neither_a_picture_nor_its_text_says_it(server: str) -> None:
    with nb.watch() as run:
        for place in PLACES:
            with suppress(Exception):
                WAYS["x-goog-api-key"](f"{server}/{place}")
            with suppress(Exception):
                WAYS["api_key"](f"{server}/{place}")

    figure = nb.plot_timeline(run)
    assert leaks(f"{figure} {run.summary()}") == []


def leaks(text: str) -> list[str]:
    """Return where the key is, or what says it in another spelling."""
    return [line[:400] for line in text.splitlines() if PART in line or BASIC[:12] in line]


def show(run: nb.Run) -> str:
    """Return everything of a run that can be printed, a line for each."""
    calls = [call for top in run.calls for call in (top, *top.children)]
    parts: list[object] = [repr(run), str(run), *run.notices, run.base_url, run.model]
    parts += [pprint.pformat(call, width=200) for call in calls]
    return "\n".join([*map(str, parts), run.to_frame().to_string()])
