"""Sync against async: the FAQ's two orders, in fair pairs."""

from __future__ import annotations

import time
from typing import Any

import pytest

import aiml_nb as nb

from .waiting import take

LONG, SHORT = nb.prompts.FAQ


def finishing_order(run: nb.Run) -> list[str]:
    calls = sorted(run.calls, key=lambda call: call.finished or 0)
    return [call.prompt for call in calls]


@pytest.mark.parametrize("stream", [False, True])
def test_the_faq_in_both_orders(stream: bool) -> None:
    """Sync answers in the order asked; async the short question first, in the longer one's time."""
    result = nb.compare(nb.prompts.FAQ, nb.connect(speed=5, verbose=False), stream=stream)

    assert finishing_order(result.sync) == [LONG, SHORT]
    assert finishing_order(result.concurrent) == [SHORT, LONG]
    longest = max(call.duration or 0 for call in result.concurrent.calls)
    assert longest <= result.concurrent.makespan <= 1.03 * longest
    assert result.sync.strategy == "sequential"
    assert result.concurrent.strategy == "gather"
    assert result.speedup is not None
    assert result.speedup > 1
    assert result.interval is None
    assert result.order_seed is None
    assert isinstance(result.finding, str)


async def test_from_a_coroutine_the_loop_stays_free() -> None:
    import asyncio

    task = asyncio.create_task(nb.compare_async(nb.prompts.FAQ, nb.connect(speed=5, verbose=False)))
    longest_gap, before = 0.0, time.perf_counter()
    while not task.done():
        await take(0.01)
        longest_gap, before = max(longest_gap, time.perf_counter() - before), time.perf_counter()
    result = await task

    assert finishing_order(result.sync) == [LONG, SHORT]
    assert finishing_order(result.concurrent) == [SHORT, LONG]
    assert longest_gap < 1.0  # the sync run alone takes 1.2 s


def test_repeated_pairs_are_interleaved_in_a_recorded_order() -> None:
    options: dict[str, Any] = {"repeats": 6, "order_seed": 3}

    first = nb.compare(["Who?", "Why?"], nb.connect(speed=100, verbose=False), **options)
    again = nb.compare(["Who?", "Why?"], nb.connect(speed=100, verbose=False), **options)

    orders = [
        [sync.started_at < other.started_at for sync, other in c.pairs] for c in (first, again)
    ]
    assert orders[0] == orders[1]
    assert set(orders[0]) == {True, False}
    assert first.order_seed == 3
    assert len(first.pairs) == 6
    assert first.interval is not None
    assert first.speedup is not None
    assert first.interval[0] < first.speedup < first.interval[1]
    ratios = sorted(sync.makespan / other.makespan for sync, other in first.pairs)
    median = first.sync.makespan / first.concurrent.makespan
    assert ratios[2] <= median <= ratios[3]


def test_a_failed_call_is_left_out_of_the_speedup_and_said() -> None:
    endpoint = nb.connect(scenario="one-fails", speed=50, verbose=False)

    result = nb.compare([f"Question {n}?" for n in range(5)], endpoint)

    runs = (result.sync, result.concurrent)
    assert sum(call.outcome != "ok" for run in runs for call in run.calls) == 1
    assert result.speedup is not None
    assert "Not like for like: 1 failed (400) in sync" in result._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"strategy": "sequential"}, "compared with 'sequential'"),
        ({"strategy": "parallel"}, "not 'parallel'"),
        ({"repeats": 0}, "repeats must be a whole number from 1; not 0"),
        ({"repeats": 1.5}, "not 1.5"),
        ({"max_concurrency": 0}, "not 0"),
    ],
)
def test_bad_arguments_raise_at_once(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        nb.compare(["Who?"], nb.connect(verbose=False), **arguments)
