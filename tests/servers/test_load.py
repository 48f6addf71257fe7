"""Every prompt is answered, whatever the strategy, and as the server's own counters have it."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.records import Run

from ..rows import exhaustive
from .load import IN_FLIGHT, STRATEGIES, find_failed, write_prompts
from .server import SLOTS, LlamaServer

pytestmark = pytest.mark.slow

LOADS = [
    *product(STRATEGIES, [16]),
    *product(("threads", "workers"), [limit for limit in IN_FLIGHT if limit != 16]),
]


@pytest.mark.parametrize(
    ("strategy", "in_flight", "stream"),
    [
        mark(*load, stream)
        for number, load in enumerate(LOADS)
        for mark, stream in [(pytest.param, number % 2 == 0), (exhaustive, number % 2 == 1)]
    ],
)
def test_every_prompt_is_answered(
    strategy: str, in_flight: int, stream: bool, endpoint: nb.Endpoint
) -> None:
    run = ask(endpoint, 100, strategy=strategy, max_concurrency=in_flight, stream=stream)

    assert [(call.error_type, call.error) for call in find_failed(run)] == []
    assert all(call.output_tokens for call in run.calls)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("strategy", ["threads", "gather"])
def test_the_tokens_of_the_records_are_those_that_the_server_counted(
    strategy: str, stream: bool, server: LlamaServer, endpoint: nb.Endpoint
) -> None:
    before = server.metrics()
    run = ask(endpoint, 50, strategy=strategy, max_concurrency=8, stream=stream)
    after = server.metrics()

    counted = {name: after[name] - before[name] for name in after if name.endswith("_total")}
    read = counted["prompt_tokens_total"] + counted["prompt_tokens_cached_total"]
    assert sum(call.input_tokens or 0 for call in run.calls) == read
    assert sum(call.output_tokens or 0 for call in run.calls) == counted["tokens_predicted_total"]


@pytest.mark.parametrize("strategy", ["threads", "gather"])
def test_the_records_show_how_many_answers_the_server_writes_at_once(
    strategy: str, endpoint: nb.Endpoint
) -> None:
    """Of 16 calls in flight four are answered at a time; the others wait for their first token."""
    run = ask(
        endpoint,
        32,
        strategy=strategy,
        max_concurrency=16,
        stream=True,
        max_tokens=200,
        extra_body={"ignore_eos": True},
    )

    assert find_failed(run) == []
    seconds = measure_streams(run)
    more = sum(each for count, each in seconds.items() if count > SLOTS)
    # An end is known a moment after the server has begun with the next one.
    assert more < 0.1 * sum(seconds.values())
    assert seconds[SLOTS] > 0.5 * sum(seconds.values())


async def test_a_run_in_a_running_loop_is_answered(endpoint: nb.Endpoint) -> None:
    run = await nb.run_async(write_prompts(40), endpoint, max_concurrency=16, max_tokens=16)

    assert find_failed(run) == []


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_the_two_questions_of_the_faq_are_compared(stream: bool, endpoint: nb.Endpoint) -> None:
    result = nb.compare(nb.prompts.FAQ, endpoint, stream=stream, max_tokens=200)

    assert find_failed(result.sync) == find_failed(result.concurrent) == []
    assert result.sync.calls[0].finished <= result.sync.calls[1].started
    assert result.concurrent.calls[1].started < result.concurrent.calls[0].finished
    assert result.finding


def test_answers_that_are_all_cut_by_max_tokens_are_measured(endpoint: nb.Endpoint) -> None:
    """It is how servers are measured."""
    options: dict[str, Any] = {"max_tokens": 50, "extra_body": {"ignore_eos": True}}
    result = nb.compare(write_prompts(12), endpoint, stream=True, **options)

    assert {call.outcome for call in result.concurrent.calls} == {"incomplete"}
    assert result.speedup is not None
    assert "was answered" not in result.finding
    assert result.concurrent.summary()["output_tokens"].item() == 12 * 50


def ask(endpoint: nb.Endpoint, prompts: int, **options: Any) -> Run:
    return nb.run(write_prompts(prompts), endpoint, progress=False, **{"max_tokens": 16, **options})


def measure_streams(run: Run) -> dict[int, float]:
    """Return the seconds during which so many answers were being streamed."""
    edges = [(call.first_token, 1) for call in run.calls]
    edges += [(call.finished, -1) for call in run.calls]
    edges.sort()
    seconds: dict[int, float] = {}
    streaming = 0
    for (moment, change), (following, _) in pairwise(edges):
        streaming += change
        seconds[streaming] = seconds.get(streaming, 0.0) + following - moment
    return seconds
