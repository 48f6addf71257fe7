"""What llama.cpp refuses, in its own words; what it does not mind."""

from __future__ import annotations

import re

import pytest

import aiml_nb as nb
from aiml_nb.errors import EndpointError
from aiml_nb.records import Run

from .conftest import Serve
from .load import find_failed, write_prompts
from .server import LlamaServer

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("strategy", ["threads", "gather"])]

KEY, OTHER_KEY = "sk-of-the-server-0123456789", "sk-of-another-9876543210"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_too_long_a_prompt_is_refused_and_the_others_are_answered(
    strategy: str, stream: bool, endpoint: nb.Endpoint
) -> None:
    prompts = ["Who?", "word " * 25_000, "Where?"]
    run = nb.run(prompts, endpoint, strategy=strategy, stream=stream, max_tokens=8)

    (refused,) = find_failed(run)
    assert refused is run.calls[1]
    assert refused.error_type == "400"
    assert re.search(
        r"request \(\d+ tokens\) exceeds the available context size", refused.error or ""
    )
    assert len(refused.attempts) == 1


def test_a_wrong_key_ends_the_run_after_the_calls_in_flight(strategy: str, serve: Serve) -> None:
    server = serve(key=KEY)
    said = refuse(server, strategy, api_key=OTHER_KEY)

    assert "401" in said or "refused the key" in said
    assert "Invalid API Key" in said
    assert KEY not in said
    assert OTHER_KEY not in said
    assert count_answered(server) == 0


def test_a_key_that_is_missing_is_asked_for(strategy: str, serve: Serve) -> None:
    said = refuse(serve(key=KEY), strategy, api_key=None)

    assert "needs a key" in said
    assert "nowhere" not in said


def test_the_right_key_is_all_it_asks_for(strategy: str, serve: Serve) -> None:
    run = ask(serve(key=KEY), strategy, api_key=KEY)

    assert find_failed(run) == []


def test_an_address_without_v1_is_answered(strategy: str, server: LlamaServer) -> None:
    """llama.cpp answers at both."""
    endpoint = nb.connect(base_url=server.address, model=server.model, verbose=False)
    run = nb.run(write_prompts(8), endpoint, strategy=strategy, max_tokens=8)

    assert find_failed(run) == []


@pytest.mark.parametrize("path", ["/v1/v1", "/api/v2"])
def test_an_address_that_is_none_of_the_servers_is_told_the_right_one(
    strategy: str, path: str, server: LlamaServer
) -> None:
    endpoint = nb.connect(base_url=server.address + path, model=server.model, verbose=False)
    before = count_answered(server)
    with pytest.raises(EndpointError, match=re.escape(f"try base_url='{server.base_url}'")):
        nb.run(write_prompts(8), endpoint, strategy=strategy, max_tokens=8)

    assert count_answered(server) == before


def test_a_model_of_another_name_is_answered_by_the_one_there_is(
    strategy: str, server: LlamaServer
) -> None:
    """llama.cpp serves one model, whatever is asked for: the record says which."""
    endpoint = nb.connect(base_url=server.base_url, model="large", verbose=False)
    run = nb.run(write_prompts(8), endpoint, strategy=strategy, max_tokens=8)

    assert find_failed(run) == []
    assert {call.model for call in run.calls} == {server.model}
    assert run.model == "large"


def refuse(server: LlamaServer, strategy: str, *, api_key: str | None) -> str:
    """Return all that is said of a run that is refused, whether before it or in its records."""
    try:
        run = ask(server, strategy, api_key=api_key)
    except EndpointError as error:
        return str(error)
    refused = [call for call in run.calls if call.attempts]
    assert len(refused) <= 2
    assert len(find_failed(run)) == len(run.calls)
    return f"{run.stopped} {' '.join(call.error or '' for call in refused)}"


def ask(server: LlamaServer, strategy: str, *, api_key: str | None) -> Run:
    endpoint = nb.connect(
        base_url=server.base_url, model=server.model, api_key=api_key, verbose=False
    )
    return nb.run(write_prompts(20), endpoint, strategy=strategy, max_concurrency=2, max_tokens=8)


def count_answered(server: LlamaServer) -> float:
    return server.metrics()["tokens_predicted_total"]
