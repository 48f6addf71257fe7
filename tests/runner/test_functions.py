"""A function of one's own in the place of an endpoint: one call of it for each item."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pydantic
import pytest

import aiml_nb as nb
from aiml_nb.runner import STRATEGIES
from aiml_nb.runner.options import BLOCKING

from ..waiting import take, wait_until_async

ASYNC = [each for each in STRATEGIES if each not in BLOCKING]


def double(item: int) -> int:
    return 2 * item


async def triple(item: int) -> int:
    await take(0.001)
    return 3 * item


class Counter:
    """Counts how many calls of a function are under way."""

    def __init__(self) -> None:
        self.now = self.most = self.calls = 0
        self.items: list[Any] = []
        self._lock = threading.Lock()

    def enter(self, item: Any) -> None:
        with self._lock:
            self.items.append(item)
            self.calls += 1
            self.now += 1
            self.most = max(self.most, self.now)

    def leave(self) -> None:
        with self._lock:
            self.now -= 1


@dataclass
class Point:
    x: int
    y: str


class Review(pydantic.BaseModel):
    text: str
    stars: int = 3


class TestEveryStrategy:
    @pytest.mark.parametrize("strategy", [None, *BLOCKING])
    def test_calls_a_function_that_blocks_with_each_item(self, strategy: str | None) -> None:
        seen = Counter()
        both = threading.Barrier(2)

        def ask(item: int) -> str:
            seen.enter(item)
            if strategy != "sequential":
                both.wait(10)
            seen.leave()
            return f"<{item}>"

        run = nb.run(range(6), ask, strategy=strategy, max_concurrency=2)

        assert run.results == [f"<{n}>" for n in range(6)]
        assert sorted(seen.items) == [*range(6)]
        assert seen.most == (1 if strategy == "sequential" else 2)
        assert run.strategy == (strategy or "threads")
        assert run.max_concurrency == (1 if strategy == "sequential" else 2)
        assert (run.model, run.base_url, run.simulated) == ("ask", "", False)
        assert run.loop_lag_max is None

    @pytest.mark.parametrize("strategy", [None, *ASYNC])
    def test_awaits_an_async_function_with_each_item(self, strategy: str | None) -> None:
        seen = Counter()

        async def ask(item: int) -> str:
            seen.enter(item)
            await wait_until_async(lambda: seen.most == 3)
            seen.leave()
            return f"<{item}>"

        run = nb.run(range(6), ask, strategy=strategy, max_concurrency=3)

        assert run.results == [f"<{n}>" for n in range(6)]
        assert seen.most == 3
        assert run.strategy == (strategy or "gather")
        assert run.loop_lag_max is not None

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_its_records_are_those_of_calls(self, strategy: str) -> None:
        function: Callable[[Any], Any] = double if strategy in BLOCKING else triple

        run = nb.run([1, 2, 3], function, strategy=strategy, max_concurrency=2)

        assert [call.index for call in run.calls] == [0, 1, 2]
        assert [call.custom_id for call in run.calls] == [f"call-00000{n}" for n in (1, 2, 3)]
        for call in run.calls:
            assert call.submitted == 0.0
            assert call.started is not None
            assert call.finished is not None
            assert 0 <= call.started <= call.finished
            assert (call.outcome, call.api, call.error) == ("ok", "function", None)
            (attempt,) = call.attempts
            assert attempt.finished == call.finished
            assert (attempt.status, attempt.error_type) == (None, None)
            assert call.first_token is None
            assert call.duration is not None

    async def test_run_async_and_start_take_functions_too(self) -> None:
        blocking = await nb.run_async([1, 2], double)
        awaited = await nb.run_async([1, 2], triple)
        started = await nb.start([1, 2], triple, strategy="workers")

        assert [blocking.results, awaited.results, started.results] == [[2, 4], [3, 6], [3, 6]]

    async def test_a_function_that_blocks_leaves_the_loop_free(self) -> None:
        go = threading.Event()
        task = asyncio.create_task(nb.run_async([1], lambda _: go.wait(10), strategy="sequential"))
        await wait_until_async(lambda: nb.last_run() is not None and nb.last_run().calls[0].started)  # type: ignore[union-attr]

        go.set()

        assert (await task).results == [True]

    def test_a_thousand_are_in_flight(self) -> None:
        seen = Counter()

        async def ask(item: int) -> int:
            seen.enter(item)
            await wait_until_async(lambda: seen.most == 1000, every=0.2)
            seen.leave()
            return item

        run = nb.run(range(1000), ask)

        assert run.results == [*range(1000)]
        assert run.max_concurrency == 1000
        assert seen.most == 1000


class Asker:
    """Has methods and is callable."""

    def __init__(self, factor: int) -> None:
        self.factor = factor

    async def ask(self, item: int) -> int:
        return await triple(item)

    def ask_later(self, item: int) -> Any:
        return triple(item)

    async def __call__(self, item: int) -> int:
        return self.factor * item


class LateAsker:
    """Its call is no async def, but returns what is to be awaited."""

    def __call__(self, item: int) -> Any:
        return triple(item)


def logged(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(function)
    def wrapper(item: Any) -> Any:
        return function(item)

    return wrapper


def bare(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def wrapper(item: Any) -> Any:
        return function(item)

    return wrapper


async def scale(factor: int, item: int) -> int:
    return factor * item


def later(item: int) -> Any:
    return triple(item)


AWAITED = {
    "lambda": lambda item: triple(item),
    "lambda of a method": lambda item: Asker(3).ask(item),
    "partial": functools.partial(scale, 3),
    "partial of a partial": functools.partial(functools.partial(scale), 3),
    "method": Asker(1).ask,
    "method that returns a coroutine": Asker(1).ask_later,
    "object": Asker(3),
    "object that returns a coroutine": LateAsker(),
    "decorated": logged(triple),
    "decorated without wraps": bare(triple),
    "def that returns a coroutine": later,
}


class TestWhatIsAwaited:
    @pytest.mark.parametrize("strategy", [None, "gather", "workers"])
    @pytest.mark.parametrize("kind", AWAITED)
    def test_whatever_has_to_be_awaited_is(self, kind: str, strategy: str | None) -> None:
        run = nb.run([1, 2, 3], AWAITED[kind], strategy=strategy)

        assert run.results == [3, 6, 9]

    @pytest.mark.parametrize("strategy", BLOCKING)
    @pytest.mark.parametrize("kind", AWAITED)
    def test_a_strategy_that_awaits_nothing_says_so(self, kind: str, strategy: str) -> None:
        with pytest.raises(TypeError, match=r"is async.*Leave the strategy out"):
            nb.run([1, 2, 3], AWAITED[kind], strategy=strategy)

    @pytest.mark.parametrize("kind", ["lambda", "partial", "object", "decorated"])
    def test_what_turns_out_to_block_stops_the_run_at_its_first_item(self, kind: str) -> None:
        seen = Counter()

        def ask(item: Any, extra: int = 0) -> Any:
            seen.enter(item)
            return item

        class Blocks:
            def __call__(self, item: Any) -> Any:
                return ask(item)

        kinds: dict[str, Any] = {
            "lambda": lambda item: ask(item),
            "partial": functools.partial(Blocks()),
            "object": Blocks(),
            "decorated": logged(ask),
        }
        with pytest.raises(TypeError, match=r"is not async.*'threads'"):
            nb.run([1, 2, 3], kinds[kind], strategy="gather")

        assert seen.items == [1]
        run = nb.last_run()
        assert run is not None
        assert run.calls[0].outcome == "error"
        assert {call.outcome for call in run.calls} <= {"error", "not_started"}

    def test_what_does_not_fit_leaves_no_journal_in_the_way(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl"
        with pytest.raises(TypeError, match="is not async"):
            nb.run([1, 2], lambda item: item, strategy="gather", journal=path)

        assert nb.run([1, 2], lambda item: item, journal=path).results == [1, 2]

    def test_what_no_longer_fits_keeps_what_it_has_returned(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl"
        with pytest.raises(TypeError, match="is async"):
            nb.run(
                [1, 2],
                lambda item: triple(item) if item == 2 else item,
                strategy="sequential",
                journal=path,
            )

        assert nb.read_saved(path).results == [1, None]  # type: ignore[union-attr]

    def test_a_plain_def_is_refused_before_it_is_called(self) -> None:
        seen = Counter()

        def ask(item: Any) -> None:
            seen.enter(item)

        for strategy in ASYNC:
            with pytest.raises(TypeError, match=f"strategy='{strategy}' awaits.*ask is not async"):
                nb.run([1, 2], ask, strategy=strategy)

        assert seen.items == []


class TestItems:
    def test_each_is_the_one_argument_whatever_it_is(self) -> None:
        items = ["Who?", {"q": 1}, (1, 2), Point(1, "a"), Review(text="ok"), None, 4.5, ["a"]]

        run = nb.run(items, lambda item: item)

        assert run.results == items
        assert all(given is got for given, got in zip(items, run.results, strict=True))

    def test_their_labels_are_short_and_a_text_is_its_own(self) -> None:
        class Rude:
            def __repr__(self) -> str:
                raise RuntimeError

        long = "What? " * 100
        items = [long, {"q": "Who?"}, (1, "a"), Point(1, "a"), {"q": "x" * 200}, Rude()]

        labels = [call.prompt for call in nb.run(items, double.__class__.__repr__).calls]

        assert labels[:4] == [long, "{'q': 'Who?'}", "(1, 'a')", "Point(x=1, y='a')"]
        assert len(labels[4]) == 60
        assert labels[4].endswith("…")
        assert labels[5] == "<Rude>"

    def test_a_table_gives_its_rows_as_dictionaries(self) -> None:
        table = pd.DataFrame({"text": ["a", "b"], "stars": [4, 5]})

        run = nb.run(table, lambda row: f"{row['text']}{row['stars']}")

        assert run.results == ["a4", "b5"]
        assert run.calls[0].prompt == "{'text': 'a', 'stars': 4}"

    @pytest.mark.parametrize("items", [range(2), (0, 1), {0: 0, 1: 1}.keys(), pd.Series([0, 1])])
    def test_whatever_has_a_length_is_gone_through(self, items: Any) -> None:
        assert nb.run(items, double).results == [0, 2]


class TestLimits:
    def test_max_calls_is_how_often_it_is_called(self) -> None:
        seen = Counter()

        def ask(item: int) -> None:
            seen.enter(item)
            raise ConnectionError

        run = nb.run(range(5), ask, max_calls=2, max_concurrency=1)

        assert seen.calls == 2
        assert [call.error_type for call in run.calls[2:]] == ["blocked_by_budget"] * 3

    def test_requests_per_minute_are_items_a_minute(self) -> None:
        run = nb.run(range(5), triple, requests_per_minute=2, run_timeout=0.3)

        assert [call.outcome for call in run.calls] == ["ok", "ok", *["not_started"] * 3]

    def test_the_progress_is_told_of_each(self, capsys: pytest.CaptureFixture[str]) -> None:
        nb.run(range(3), triple, progress=True)

        assert "3/3" in capsys.readouterr().err

    def test_what_it_does_to_its_context_stays_there(self) -> None:
        import contextvars

        seen: contextvars.ContextVar[int] = contextvars.ContextVar("seen", default=0)

        def ask(item: int) -> int:
            before = seen.get()
            seen.set(item)
            return before

        async def ask_async(item: int) -> int:
            return ask(item)

        seen.set(7)

        assert nb.run([1, 2, 3], ask, max_concurrency=1).results == [7, 7, 7]
        assert nb.run([1, 2, 3], ask_async, max_concurrency=1).results == [7, 7, 7]
        assert seen.get() == 7
