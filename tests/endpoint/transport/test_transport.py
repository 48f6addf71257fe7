"""The guard around the client's HTTP."""

from __future__ import annotations

import resource
import time
from typing import Any

import httpx2
import pytest

import aiml_nb as nb
from aiml_nb.endpoint.transport import is_loopback, open_async_http
from aiml_nb.endpoint.transport.aio import GuardedAsyncClient

from ...runner.conftest import connect_faulty


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:80/v1", "http://localhost", "http://[::1]:8/v1", "http://127.9.9.9"],
)
def test_this_machine_is_known_by_its_names(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.aimlapi.com",
        "http://127.0.0.1.example.org",
        "http://0.0.0.0",
        "http://evil.localhost",
        "http://[::2]",
    ],
)
def test_other_machines_are_not_this_one(url: str) -> None:
    assert not is_loopback(url)


@pytest.mark.parametrize("strategy", ["sequential", "gather"])
@pytest.mark.parametrize(("fault", "stream"), [("huge-body", False), ("huge-line", True)])
def test_a_huge_reply_is_cut_off(strategy: str, fault: str, stream: bool) -> None:
    endpoint = connect_faulty(faults={"*": [fault] * 20})
    nb.run(["Who?"], endpoint, strategy=strategy, stream=stream)  # fills the pools of memory
    before = _peak_memory()

    began = time.perf_counter()
    run = nb.run(["A?", "B?", "C?"], endpoint, strategy=strategy, stream=stream, max_concurrency=1)

    assert {call.error_type for call in run.calls} == {"too_large"}
    assert _peak_memory() - before < 20e6
    assert time.perf_counter() - began < 5


class TestBuildRequest:
    """The short way to a request and httpx2's own lead to the same."""

    URL = "http://127.0.0.1:9/v1/chat/completions"

    @pytest.fixture
    def client(self) -> GuardedAsyncClient:
        client = open_async_http("http://127.0.0.1:9/v1", max_connections=1)
        assert isinstance(client, GuardedAsyncClient)
        return client

    @pytest.mark.parametrize(
        "headers",
        [
            [("user-agent", "u"), ("authorization", "Bearer x"), ("x-a", "b")],
            {"Accept-Encoding": "gzip", "USER-AGENT": "u"},
            None,
        ],
    )
    def test_it_is_the_same_request(self, client: GuardedAsyncClient, headers: Any) -> None:
        given = {"content": "{}", "headers": headers, "timeout": None, "params": None}

        mine = client.build_request("POST", self.URL, **given)
        theirs = httpx2.AsyncClient.build_request(client, "POST", self.URL, **given)

        assert (mine.method, mine.url, mine.content) == (theirs.method, theirs.url, theirs.content)
        assert sorted(mine.headers.multi_items()) == sorted(theirs.headers.multi_items())

    @pytest.mark.parametrize("parts", [{}, {"timeout": 3.0}, {"params": {"a": "b"}}, {"json": {}}])
    def test_what_has_to_be_merged_goes_the_long_way(
        self, client: GuardedAsyncClient, parts: dict[str, Any]
    ) -> None:
        mine = client.build_request("POST", self.URL, **parts)
        theirs = httpx2.AsyncClient.build_request(client, "POST", self.URL, **parts)

        assert (mine.url, mine.content) == (theirs.url, theirs.content)
        assert mine.extensions == theirs.extensions
        assert mine.headers == theirs.headers

    def test_a_cookie_of_the_server_comes_back_to_it(self, client: GuardedAsyncClient) -> None:
        client.cookies.set("place", "7")

        request = client.build_request("POST", self.URL, timeout=None)

        assert request.headers["cookie"] == "place=7"


def _peak_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
