"""Sync against async: the FAQ's two orders, in fair pairs."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb

from .rows import slow
from .waiting import block, take

LONG, SHORT = nb.prompts.FAQ


def finishing_order(run: nb.Run) -> list[str]:
    calls = sorted(run.calls, key=lambda call: call.finished or 0)
    return [call.prompt for call in calls]


@pytest.mark.parametrize("stream", [False, slow(True)])
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


class TestFunctions:
    """`sync=` and `concurrent=` in the place of an endpoint."""

    def test_are_called_one_after_the_other_and_at_once(self) -> None:
        flying, most = Counter[str](), Counter[str]()

        def enter(side: str) -> None:
            flying[side] += 1
            most[side] = max(most[side], flying[side])

        def ask(item: int) -> int:
            enter("sync")
            block(0.02)
            flying["sync"] -= 1
            return 2 * item

        async def ask_async(item: int) -> int:
            enter("async")
            await take(0.02)
            flying["async"] -= 1
            return 2 * item

        result = nb.compare(range(6), sync=ask, concurrent=ask_async, repeats=3)

        assert len(result.pairs) == 3
        assert most == {"sync": 1, "async": 6}
        for sync, concurrent in result.pairs:
            assert sync.results == concurrent.results == [0, 2, 4, 6, 8, 10]
            assert (sync.strategy, concurrent.strategy) == ("sequential", "gather")
            assert (sync.model, concurrent.model) == ("ask", "ask_async")
        assert result.speedup is not None
        assert result.speedup > 1
        assert result.interval is not None
        assert "as fast" in result.finding or "faster" in result.finding

    def test_are_each_called_once_before_and_that_is_in_no_record(self) -> None:
        called: list[Any] = []

        def ask(item: str) -> str:
            called.append(("sync", item))
            return item

        async def ask_async(item: str) -> str:
            called.append(("async", item))
            if len(called) == 4:  # the first of its own
                raise ValueError("not yet")
            return item

        result = nb.compare(["a", "b"], sync=ask, concurrent=ask_async)

        sides = [("sync", "a"), ("sync", "a"), ("sync", "b")]
        assert called == [*sides, *(("async", item) for _, item in sides)]
        assert result.sync.results == result.concurrent.results == ["a", "b"]
        assert [len(call.attempts) for call in result.concurrent.calls] == [1, 1]

    def test_of_one_kind_are_compared_in_threads(self) -> None:
        result = nb.compare([1, 2], sync=abs, concurrent=abs, max_concurrency=2)

        assert (result.sync.strategy, result.concurrent.strategy) == ("sequential", "threads")

    async def test_from_a_coroutine(self) -> None:
        result = await nb.compare_async([1, 2], sync=abs, concurrent=take_item)

        assert result.sync.results == result.concurrent.results == [1, 2]

    def test_that_fail_are_left_out_of_the_speedup(self) -> None:
        def ask(item: int) -> int:
            if item == 1:
                raise ValueError("no")
            block(0.01)
            return item

        result = nb.compare(range(3), sync=ask, concurrent=take_item)

        assert [call.outcome for call in result.sync.calls] == ["ok", "error", "ok"]
        assert "2 of 3" in result.finding

    @pytest.mark.parametrize("journal", [True, False])
    def test_keep_journals_if_asked_to(
        self, journal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        result = nb.compare([1, 2], sync=abs, concurrent=take_item, journal=journal)

        assert bool(result.sync.journal) == bool(result.concurrent.journal) == journal

    def test_are_shown_as_any_comparison(self) -> None:
        result = nb.compare(["a?", "b?"], sync=str.upper, concurrent=take_item)

        assert nb.plot_timeline(result).axes
        assert "text/html" in result._repr_mimebundle_()
        assert len(result.summary()) == 2

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"sync": abs}, "only one of sync= and concurrent="),
            ({"concurrent": abs}, "only one of sync= and concurrent="),
            ({"sync": 1, "concurrent": abs}, "= must be a function that takes an item"),
            ({"sync": abs, "concurrent": "abs"}, "= must be a function that takes an item"),
            ({"sync": abs, "concurrent": str}, "str is a class"),
            ({"endpoint": abs}, "compare.. was given one function"),
            ({"endpoint": nb.connect, "sync": abs, "concurrent": abs}, "an endpoint beside"),
            ({"sync": abs, "concurrent": abs, "max_cost": 1}, "max_cost=1 cannot hold"),
            ({"sync": abs, "concurrent": abs, "temperature": 1}, "Use temperature in the"),
        ],
    )
    def test_that_cannot_be_compared(self, given: dict[str, Any], told: str) -> None:
        with pytest.raises(TypeError, match=told):
            nb.compare([1, 2], **given)

    def test_of_which_the_sync_one_does_not_block(self) -> None:
        with pytest.raises(TypeError, match="sync=take_item is async"):
            nb.compare([1, 2], sync=take_item, concurrent=take_item)
        with pytest.raises(TypeError, match="lambda is async"):
            nb.compare([1, 2], sync=lambda item: take_item(item), concurrent=take_item)

    def test_with_a_strategy_that_does_not_fit(self) -> None:
        with pytest.raises(TypeError, match="take_item is async"):
            nb.compare([1, 2], sync=abs, concurrent=take_item, strategy="threads")
        with pytest.raises(ValueError, match="another one"):
            nb.compare([1, 2], sync=abs, concurrent=take_item, strategy="sequential")


async def take_item(item: Any) -> Any:
    return await take(0.001, item)
