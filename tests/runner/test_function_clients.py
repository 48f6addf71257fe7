"""What any HTTP client raises in a function means what it means in a call of our own."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests

import aiml_nb as nb

from ..raw_server import JSON_HEAD, raw_server
from ..watch.model_server import ModelServer, model_server
from .conftest import run_skipping

KEY = "canary-0123456789abcdef"
ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Where?"}]}
HEAD = {"Authorization": f"Bearer {KEY}", "content-type": "application/json"}


def with_httpx(url: str) -> Any:
    return httpx.post(url, json=ASK, headers=HEAD).raise_for_status().json()


def with_httpx2(url: str) -> Any:
    return httpx2.post(url, json=ASK, headers=HEAD).raise_for_status().json()


def with_requests(url: str) -> Any:
    reply = requests.post(url, json=ASK, headers=HEAD, timeout=20)
    reply.raise_for_status()
    return reply.json()


def with_urllib(url: str) -> Any:
    asked = urllib.request.Request(url, data=json.dumps(ASK).encode(), headers=HEAD)
    try:
        with urllib.request.urlopen(asked) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        error.close()
        raise


async def with_aiohttp(url: str) -> Any:
    async with (
        aiohttp.ClientSession(raise_for_status=True) as http,
        http.post(url, json=ASK, headers=HEAD) as reply,
    ):
        return await reply.json()


CLIENTS: list[Callable[[str], Any]] = [
    with_httpx,
    with_httpx2,
    with_requests,
    with_urllib,
    with_aiohttp,
]
BROKEN: dict[str, tuple[bytes, str]] = {
    "closed": (b"", "no_reply"),
    "cut": (JSON_HEAD.replace(b"\r\n\r\n", b"\r\ncontent-length: 9\r\n\r\n{"), "no_reply"),
    "garbage": (b"garbage\r\n\r\n", "protocol"),
}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as served:
        yield served


@pytest.mark.parametrize("ask", CLIENTS)
class TestAnyClient:
    def test_what_is_tried_again_is(self, server: ModelServer, ask: Any) -> None:
        server.failures = [429, 503, 500, 200]
        url = f"{server.base_url}/chat/completions"
        (call,) = run_skipping([url], ask, max_attempts=4).calls

        assert call.outcome == "ok"
        assert [each.status for each in call.attempts] == [429, 503, 500, None]
        assert [each.error_type for each in call.attempts] == ["429", "503", "500", None]
        assert [each.possibly_billed for each in call.attempts] == [False, True, True, False]

    def test_as_late_as_the_server_asks(self, ask: Any) -> None:
        head = b"HTTP/1.1 429 No\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n"
        with raw_server(head) as raw:
            url = f"{raw.base_url}/chat/completions"
            (call,) = run_skipping([url], ask, max_attempts=2).calls

        assert [each.backoff_time for each in call.attempts[1:]] == pytest.approx([7] * 8, abs=0.5)

    def test_a_request_that_is_wrong_is_not_sent_again(self, server: ModelServer, ask: Any) -> None:
        server.failures = [400]
        url = f"{server.base_url}/chat/completions?api_key={KEY}"
        run = run_skipping([url], ask, max_attempts=3)
        (call,) = run.calls

        assert (call.outcome, call.error_type) == ("error", "400")
        assert len(call.attempts) == 1
        assert KEY not in f"{call.error}"

    def test_a_refused_key_stops_the_run(self, server: ModelServer, ask: Any) -> None:
        server.failures = [401]
        run = nb.run([f"{server.base_url}/chat/completions"] * 3, ask, max_concurrency=1)

        assert [call.outcome for call in run.calls] == ["error", "not_started", "not_started"]
        assert (run.stopped or "").startswith("401: ")
        assert len(server.requests) == 1

    def test_nobody_listens(self, closed_port: int, ask: Any) -> None:
        (call,) = nb.run([f"http://127.0.0.1:{closed_port}/?key={KEY}"], ask).calls

        assert (call.outcome, call.error_type) == ("error", "connect")
        assert call.attempts[0].possibly_billed is False
        assert KEY not in f"{call.error}"

    @pytest.mark.parametrize("how", BROKEN)
    def test_a_reply_that_breaks_off(self, ask: Any, how: str) -> None:
        reply, error_type = BROKEN[how]
        with raw_server(reply) as raw:
            (call,) = nb.run([f"{raw.base_url}/chat/completions"], ask).calls

        assert (call.outcome, call.error_type) == ("error", error_type)
        assert call.attempts[0].possibly_billed
