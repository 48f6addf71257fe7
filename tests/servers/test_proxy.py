"""LiteLLM's proxy in front of llama.cpp is a server like any other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import aiml_nb as nb

from ..rows import exhaustive
from .load import find_failed, write_prompts
from .proxy import KEY, litellm_proxy
from .server import MODEL, LlamaServer

# The first test installs it: two minutes, and four on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def base_url(server: LlamaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with litellm_proxy(server, tmp_path_factory.mktemp("proxy")) as base_url:
        yield base_url


@pytest.mark.parametrize(
    ("strategy", "stream"),
    [
        *(("threads", True), ("gather", False), ("workers", True)),
        *(exhaustive("threads", False), exhaustive("gather", True), exhaustive("workers", False)),
    ],
)
def test_every_prompt_is_answered_through_the_proxy(
    strategy: str, stream: bool, base_url: str
) -> None:
    run = ask(base_url, KEY, strategy=strategy, stream=stream)

    assert [(call.error_type, call.error) for call in find_failed(run)] == []
    assert all(call.output_tokens for call in run.calls)


def test_the_tokens_are_those_that_the_server_counted(base_url: str, server: LlamaServer) -> None:
    before = server.metrics()["tokens_predicted_total"]
    run = ask(base_url, KEY, stream=True)
    counted = server.metrics()["tokens_predicted_total"] - before

    assert sum(call.output_tokens or 0 for call in run.calls) == counted


@pytest.mark.parametrize("strategy", ["threads", "gather"])
def test_a_wrong_key_is_refused_in_the_proxys_words(strategy: str, base_url: str) -> None:
    """It looks for the key in a database that is not there, and says so with status 400."""
    run = ask(base_url, "sk-of-another-9876543210", strategy=strategy)

    assert {(call.error_type, call.error) for call in run.calls} == {("400", "No connected db.")}
    assert {len(call.attempts) for call in run.calls} == {1}


@pytest.mark.parametrize("strategy", ["threads", "gather"])
def test_a_model_that_it_does_not_have_is_named(strategy: str, base_url: str) -> None:
    with pytest.raises(nb.EndpointError, match=f"did you mean '{MODEL}'"):
        ask(base_url, KEY, strategy=strategy, model="tinny")


def ask(base_url: str, key: str, *, model: str = MODEL, **options: object) -> nb.Run:
    endpoint = nb.connect(base_url=base_url, api_key=key, model=model, verbose=False)
    return nb.run(
        write_prompts(60), endpoint, max_concurrency=16, max_tokens=16, progress=False, **options
    )
