"""How calls of a function end: by what it raises, by their time, by an interrupt."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

import aiml_nb as nb
from aiml_nb.runner import STRATEGIES
from aiml_nb.runner.options import BLOCKING
from aiml_nb.runner.plan import make_plan

from ..raw_server import raw_server
from ..waiting import take, wait_until, wait_until_async
from .conftest import SkippingClock, run_skipping
from .test_functions import ASYNC, Counter
from .test_leaks import count_left

KEY = "sk-canary-4711-0815"
WAYS = (*BLOCKING, "gather", "workers")


def status_error(status: int, *, headers: dict[str, str] | None = None, said: str = "") -> Any:
    """Return what the openai client raises for a reply with a bad status."""
    request = httpx2.Request(
        "POST", "http://127.0.0.1/v1/x", headers={"Authorization": f"Bearer {KEY}"}
    )
    body = {"error": {"message": said or f"status {status}"}}
    response = httpx2.Response(status, headers=headers, json=body, request=request)
    kind = {401: openai.AuthenticationError, 429: openai.RateLimitError}.get(
        status, openai.APIStatusError
    )
    return kind(said or f"status {status}", response=response, body=body)


def raising(error: BaseException, *, times: int = 10**6, strategy: str = "threads") -> Any:
    """Return a function, as the strategy takes them, that raises for so many calls."""
    seen = Counter()

    def ask(item: Any) -> str:
        seen.enter(item)
        if seen.calls <= times:
            raise error
        return "done"

    async def ask_async(item: Any) -> str:
        await take(0)
        return ask(item)

    function: Any = ask if strategy in BLOCKING else ask_async
    function.seen = seen
    return function


def ending(error: BaseException, *, at: object, seen: Counter, strategy: str) -> Any:
    """Return a function, as the strategy takes them, that raises at one item."""

    def ask(item: Any) -> Any:
        seen.enter(item)
        if item == at:
            raise error
        return item

    async def ask_async(item: Any) -> Any:
        await take(0)
        return ask(item)

    return ask if strategy in BLOCKING else ask_async


class WordlessError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class UnequalError(Exception):
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not comparable")


class EndsAll(BaseException):
    pass


def circular() -> Exception:
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    return first


RAISED: dict[str, tuple[BaseException, str]] = {
    "ValueError": (ValueError("no number"), "ValueError: no number"),
    "KeyError": (KeyError("text"), "KeyError: 'text'"),
    "empty": (RuntimeError(), "RuntimeError"),
    "TimeoutError": (TimeoutError("of its own"), "TimeoutError: of its own"),
    "CancelledError": (asyncio.CancelledError("inside"), "CancelledError: inside"),
    "StopIteration": (StopIteration(3), "StopIteration: 3"),
    "StopAsyncIteration": (StopAsyncIteration(), "StopAsyncIteration"),
    "cancelled and failed": (
        BaseExceptionGroup("g", [asyncio.CancelledError(), ValueError("x")]),
        "BaseExceptionGroup: CancelledError; ValueError: x",
    ),
    "no words": (WordlessError(), "WordlessError"),
    "unequal": (UnequalError("odd"), "UnequalError: odd"),
    "RecursionError": (RecursionError("too deep"), "RecursionError: too deep"),
    "surrogate": (ValueError("a\ud800b"), "ValueError: a"),
    "circle": (circular(), "ValueError: first"),
    "group of one": (ExceptionGroup("g", [ValueError("x")]), "ValueError: x"),
    "group": (
        ExceptionGroup("g", [ValueError("x"), KeyError("y")]),
        "ExceptionGroup: ValueError: x; KeyError: 'y'",
    ),
    "endless words": (ValueError("long " * 9000), "ValueError: long long"),
}


ENDS: dict[str, tuple[BaseException, str]] = {
    "SystemExit": (SystemExit(3), "SystemExit: 3"),
    "KeyboardInterrupt": (KeyboardInterrupt("mine"), "KeyboardInterrupt: mine"),
    "GeneratorExit": (GeneratorExit("mine"), "GeneratorExit: mine"),
    "BaseException": (EndsAll("all"), "EndsAll: all"),
    "in a group": (
        BaseExceptionGroup("g", [ValueError("x"), SystemExit(4)]),
        "BaseExceptionGroup: ValueError: x; SystemExit: 4",
    ),
}


class TestWhatEndsARun:
    """SystemExit and its like end a run, as they end a loop: the records so far are kept."""

    @pytest.mark.parametrize("strategy", STRATEGIES)
    @pytest.mark.parametrize("kind", ENDS)
    def test_comes_out_and_what_was_done_is_kept(
        self, kind: str, strategy: str, tmp_path: Path
    ) -> None:
        error, told = ENDS[kind]
        items, seen = [f"item {n}" for n in range(4)], Counter()
        function = ending(error, at="item 1", seen=seen, strategy=strategy)
        path = tmp_path / "run.jsonl"
        options: dict[str, Any] = {"strategy": strategy, "max_concurrency": 1, "journal": path}
        with pytest.raises(type(error)) as caught:
            nb.run(items, function, **options)
        run = nb.last_run()

        if kind != "KeyboardInterrupt":  # as by the stop button: a new one
            assert caught.value is error
            assert traceback.extract_tb(error.__traceback__)[-1].filename == __file__
            assert error.__context__ is None  # nothing of ours
        assert run is not None
        assert [call.outcome for call in run.calls] == ["ok", "cancelled", *["not_started"] * 2]
        assert run.calls[1].error == told
        assert run.stopped == f"{run.model} raised {told}"
        assert nb.read_saved(path).results == ["item 0", None, None, None]
        whole = nb.resume(path, ending(error, at="", seen=seen, strategy=strategy))
        assert whole.results == items
        assert seen.items == ["item 0", "item 1", *items[1:]]

    @pytest.mark.parametrize("strategy", WAYS)
    async def test_in_a_cell_that_awaits(self, strategy: str) -> None:
        function = ending(SystemExit(3), at=1, seen=Counter(), strategy=strategy)

        async def cell(begin: Any) -> str:
            try:
                await begin(range(3), function, strategy=strategy, max_concurrency=1)
            except SystemExit as error:
                cancelling = asyncio.current_task().cancelling()  # type: ignore[union-attr]
                return f"{error.code}, cancelled {cancelling}, {error.__context__}"
            return "no"

        for begin in (nb.run_async, nb.start):
            assert await cell(begin) == "3, cancelled 0, None"
            run = nb.last_run()
            assert run is not None
            assert run.results == [0, None, None]

    @pytest.mark.parametrize("strategy", ["threads", "gather", "workers"])
    def test_others_in_flight_are_cancelled(self, strategy: str, over: threading.Event) -> None:
        both = threading.Barrier(2)

        def ask(item: int) -> None:
            if item == 1:
                both.wait(10)
                raise SystemExit("enough")
            both.wait(10)
            over.wait(20)

        async def ask_async(item: int) -> None:
            if item == 1:
                raise SystemExit("enough")
            await take(20)

        function: Any = ask if strategy == "threads" else ask_async
        with pytest.raises(SystemExit, match="enough"):
            nb.run(range(2), function, strategy=strategy, max_concurrency=2)

        run = nb.last_run()
        assert run is not None
        assert [call.outcome for call in run.calls] == ["cancelled", "cancelled"]

    def test_in_a_comparison(self) -> None:
        function = ending(SystemExit(3), at=1, seen=Counter(), strategy="gather")
        with pytest.raises(SystemExit):
            nb.compare([0, 1], sync=lambda item: item, concurrent=function)


class TestWhatItRaises:
    @pytest.mark.parametrize("strategy", WAYS)
    @pytest.mark.parametrize("kind", RAISED)
    def test_is_the_record_of_its_item_and_ends_nothing_else(
        self, kind: str, strategy: str
    ) -> None:
        error, told = RAISED[kind]
        if strategy not in BLOCKING and kind == "StopIteration":
            told = "RuntimeError: "  # which Python makes of it in a coroutine
        function = raising(error, times=1, strategy=strategy)

        run = nb.run(range(3), function, strategy=strategy, max_concurrency=1)

        assert [call.outcome for call in run.calls] == ["error", "ok", "ok"]
        failed = run.calls[0]
        assert failed.error_type == "exception"
        assert failed.error is not None
        assert failed.error.startswith(told)
        assert len(failed.error) <= 300
        assert run.results == [None, "done", "done"]
        assert run.stopped is None

    @pytest.mark.parametrize(
        ("error", "error_type"),
        [
            (status_error(500), "500"),
            (status_error(429), "429"),
            (status_error(404), "404"),
            (openai.APITimeoutError(httpx2.Request("POST", "http://x")), "no_reply"),
            (httpx2.ConnectError("refused"), "connect"),
            (httpx2.ReadError("reset"), "no_reply"),
            (ExceptionGroup("g", [status_error(429)]), "429"),
            (ExceptionGroup("g", [status_error(500), status_error(500)]), "500"),
            (ExceptionGroup("g", [status_error(500), ValueError()]), "exception"),
        ],
        ids=str,
    )
    def test_what_a_client_raises_means_what_it_means_in_a_call(
        self, error: Exception, error_type: str
    ) -> None:
        run = nb.run(["Who?"], raising(error))

        assert run.calls[0].error_type == error_type
        assert run.calls[0].outcome == "error"
        assert len(run.calls[0].attempts) == 1

    def test_what_it_says_itself_is_told_where_the_server_has_said_nothing(self) -> None:
        class ModelMissingError(Exception):
            response = httpx2.Response(404)

        class OddError(Exception):
            status_code = 10**30

        run = nb.run([1], raising(ModelMissingError("deploy it first")))
        odd = nb.run([1], raising(OddError("a code of another kind")))

        told = [(call.error_type, call.error) for call in (*run.calls, *odd.calls)]
        assert told == [
            ("404", "ModelMissingError: deploy it first"),
            ("exception", "OddError: a code of another kind"),
        ]

    def test_the_cause_that_it_names_counts(self) -> None:
        def ask(item: str) -> None:
            try:
                raise status_error(503)
            except openai.APIStatusError as error:
                raise RuntimeError("the chain broke") from error

        (call,) = nb.run(["Who?"], ask).calls

        assert call.error_type == "503"
        assert call.error is not None
        assert call.error.startswith("RuntimeError: the chain broke: ")

    def test_a_refused_key_stops_the_run_and_is_not_shown(self) -> None:
        function = raising(status_error(401, said=f"Incorrect API key provided: {KEY}"))

        run = nb.run(range(3), function, max_concurrency=1)

        assert [call.outcome for call in run.calls] == ["error", "not_started", "not_started"]
        assert "401" in (run.stopped or "")
        assert "[key]" in (run.calls[0].error or "")
        assert KEY not in repr(run.calls) + str(run.stopped)

    def test_a_key_of_the_environment_is_not_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OTHER_API_KEY", KEY)

        run = nb.run([1], raising(ValueError(f"the key {KEY} is bad")))

        assert run.calls[0].error == "ValueError: the key [key] is bad"


class TestRetries:
    @pytest.mark.parametrize("strategy", WAYS)
    def test_are_off_unless_asked_for(self, strategy: str) -> None:
        for error in (status_error(500), status_error(429), httpx2.ConnectError("refused")):
            function = raising(error, times=1, strategy=strategy)

            run = nb.run(["Who?"], function, strategy=strategy)

            assert function.seen.calls == 1
            assert run.calls[0].outcome == "error"

    @pytest.mark.parametrize("strategy", WAYS)
    def test_follow_the_policy_of_calls(self, strategy: str) -> None:
        for error, calls in (
            (status_error(500), 3),
            (status_error(429), 3),
            (httpx2.ConnectError("refused"), 3),
            (httpx2.ReadError("reset"), 2),
            (status_error(400), 1),
            (ValueError("no"), 1),
            (TimeoutError("its own"), 1),
        ):
            function = raising(error, times=2, strategy=strategy)

            run = run_skipping(["Who?"], function, strategy=strategy, max_attempts=3)

            assert function.seen.calls == calls, error
            assert len(run.calls[0].attempts) == calls
            assert run.calls[0].outcome == ("ok" if calls == 3 else "error")

    def test_wait_as_long_as_the_server_asks(self) -> None:
        clock = SkippingClock()
        error = status_error(429, headers={"retry-after": "7"})

        run = run_skipping(["Who?"], raising(error, times=1), clock, max_attempts=3)

        assert run.calls[0].outcome == "ok"
        assert sum(clock.slept) == pytest.approx(7, abs=0.5)

    def test_an_outage_is_waited_for_where_retries_are_asked_for(self) -> None:
        function = raising(httpx2.ConnectError("refused"), times=6)

        run = run_skipping(range(3), function, max_attempts=2, max_concurrency=1)

        assert [call.outcome for call in run.calls] == ["ok"] * 3
        assert any("away" in each for each in run.notices)

    def test_an_outage_that_is_too_long_ends_the_run(self) -> None:
        function = raising(httpx2.ConnectError("refused"))

        run = run_skipping(range(3), function, max_attempts=2, outage=3, max_concurrency=1)

        assert "outage=3" in (run.stopped or "")


class TestTime:
    @pytest.mark.parametrize("strategy", WAYS)
    def test_what_takes_too_long_is_a_timeout(self, strategy: str) -> None:
        over = threading.Event()

        def ask(item: int) -> int:
            if item == 1:
                over.wait(20)
            return item

        async def ask_async(item: int) -> int:
            if item == 1:
                await take(20)
            return item

        function: Any = ask if strategy in BLOCKING else ask_async
        began = time.monotonic()

        run = nb.run(range(3), function, strategy=strategy, timeout=0.2)

        assert time.monotonic() - began < 10  # of 20
        assert [call.outcome for call in run.calls] == ["ok", "timeout", "ok"]
        late = run.calls[1]
        assert late.error_type == "deadline"
        assert late.error == f"{run.model} had not returned after 0.2 s"
        assert late.attempts[0].possibly_billed
        assert bool(run.notices) == (strategy in BLOCKING)
        if run.notices:
            assert "1 call of it goes on unseen" in run.notices[0]
        over.set()

    @pytest.mark.parametrize("strategy", ASYNC)
    def test_a_timeout_of_its_own_is_an_error_of_its_own(self, strategy: str) -> None:
        async def ask(item: int) -> None:
            async with asyncio.timeout(0.01):
                await take(20)

        run = nb.run([1], ask, strategy=strategy, timeout=5)

        assert (run.calls[0].outcome, run.calls[0].error_type) == ("error", "exception")
        assert run.calls[0].error == "TimeoutError"

    def test_what_it_returns_as_it_is_cancelled_is_kept_but_late(self) -> None:
        async def ask(item: int) -> str:
            try:
                await take(20)
            except asyncio.CancelledError:
                return "half"
            return "whole"

        run = nb.run([1], ask, timeout=0.1)

        assert run.calls[0].outcome == "timeout"
        assert run.results == ["half"]

    def test_what_does_not_let_itself_be_cancelled_is_left_to_itself(self) -> None:
        over = False

        async def ask(item: int) -> None:
            while not over:
                with suppress(asyncio.CancelledError):
                    await take(0.02)

        async def make() -> nb.Run:
            nonlocal over
            run = await nb.run_async([1, 2], ask, timeout=0.1)
            over = True
            return run

        run = asyncio.run(make())

        assert [call.outcome for call in run.calls] == ["timeout", "timeout"]
        assert "does not let itself be cancelled" in run.notices[0]

    @pytest.mark.parametrize("strategy", WAYS)
    def test_run_timeout_ends_the_run(self, strategy: str) -> None:
        over = threading.Event()

        async def ask_async(item: int) -> None:
            await take(20)

        function: Any = ask_async if strategy in ASYNC else lambda item: over.wait(20)

        run = nb.run(range(4), function, strategy=strategy, run_timeout=0.2, max_concurrency=2)

        assert "run_timeout" in (run.stopped or "")
        assert {call.outcome for call in run.calls} == {"timeout", "not_started"}
        over.set()


class TestInterrupts:
    @pytest.mark.parametrize("strategy", [*BLOCKING, *ASYNC])
    async def test_what_is_in_flight_is_cancelled(self, strategy: str) -> None:
        over, seen = threading.Event(), Counter()

        def ask(item: int) -> int:
            seen.enter(item)
            if item:
                over.wait(20)
            return item

        async def ask_async(item: int) -> int:
            seen.enter(item)
            if item:
                await take(20)
            return item

        function: Any = ask if strategy in BLOCKING else ask_async
        handle = nb.start(range(6), function, strategy=strategy, max_concurrency=2)
        await wait_until_async(lambda: handle.progress[0] and seen.calls > 1)
        handle.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handle

        outcomes = [call.outcome for call in handle.partial.calls]
        assert outcomes[0] == "ok"
        assert outcomes.count("cancelled") == seen.calls - 1
        assert set(outcomes[1:]) <= {"cancelled", "not_started"}
        assert handle.partial.stopped == "interrupted"
        assert bool(handle.partial.notices) == (strategy in BLOCKING)
        over.set()

    async def test_an_async_function_may_end_what_it_has_begun(self) -> None:
        ended: list[int] = []
        seen = Counter()

        async def ask(item: int) -> None:
            seen.enter(item)
            try:
                await take(20)
            finally:
                await take(0.02)
                ended.append(item)

        handle = nb.start(range(9), ask, max_concurrency=3)  # six wait, and end at once
        await wait_until_async(lambda: seen.calls == 3)
        handle.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handle

        assert sorted(ended) == [0, 1, 2]
        assert handle.partial.notices == []

    async def test_in_its_warm_up_it_is_ended_too(self) -> None:
        ended, begun = asyncio.Event(), asyncio.Event()

        async def ask(item: int) -> None:
            begun.set()
            try:
                await take(20)
            finally:
                ended.set()

        task = asyncio.create_task(nb.compare_async([1], sync=abs, concurrent=ask))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert ended.is_set()

    async def test_what_returns_after_the_interrupt_changes_no_record(self) -> None:
        over, seen, left = threading.Event(), Counter(), threading.Event()

        def ask(item: int) -> str:
            seen.enter(item)
            over.wait(20)
            left.set()
            return "late"

        handle = nb.start([1], ask)
        await wait_until_async(lambda: seen.calls)
        handle.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handle
        over.set()
        await wait_until_async(left.is_set)

        assert handle.partial.calls[0].outcome == "cancelled"
        assert handle.partial.results == [None]


@pytest.fixture
def over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


async def test_runs_leave_nothing_behind(over: threading.Event) -> None:
    async def make_all() -> None:
        for strategy in WAYS:
            fails: Any = raising(ValueError(), strategy=strategy)
            await nb.run_async(range(8), fails, strategy=strategy, max_concurrency=4)
        await nb.run_async(range(8), lambda item: item, max_concurrency=4)

    await make_all()
    before = count_left()
    for _ in range(3):
        await make_all()
    gc.collect()

    assert count_left() == before

    handle = nb.start(range(4), lambda item: over.wait(20))
    await wait_until_async(lambda: all(call.started for call in handle.partial.calls))
    handle.cancel()
    with suppress(asyncio.CancelledError):
        await handle
    over.set()
    threads = before[0] + 1  # that which waits here
    await asyncio.to_thread(wait_until, lambda: len(threading.enumerate()) <= threads)


def test_a_plan_of_a_function_names_it() -> None:
    plan = make_plan([1], lambda item: item)

    assert plan.run.model == "lambda"
    assert not plan.blocks


def asking(base_url: str, *, blocks: bool) -> Any:
    """Return a function that asks a server with the openai client, which does not retry."""
    options: dict[str, Any] = {"base_url": base_url, "api_key": KEY, "max_retries": 0}

    def ask(item: str) -> str:
        with openai.OpenAI(**options) as client:
            reply = client.chat.completions.create(model="m", messages=[_message(item)])
        return reply.choices[0].message.content or ""

    async def ask_async(item: str) -> str:
        async with openai.AsyncOpenAI(**options) as client:
            reply = await client.chat.completions.create(model="m", messages=[_message(item)])
        return reply.choices[0].message.content or ""

    return ask if blocks else ask_async


def _message(text: str) -> Any:
    return {"role": "user", "content": text}


@pytest.mark.parametrize("blocks", [True, False])
class TestARealClient:
    def test_whose_server_echoes_the_key(self, blocks: bool, tmp_path: Path) -> None:
        body = b'{"error": {"message": "Incorrect API key provided: %s"}}' % KEY.encode()
        head = b"HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\n"
        path = tmp_path / "a.jsonl"
        with raw_server(head + b"connection: close\r\n\r\n" + body) as server:
            run = nb.run(["a", "b"], asking(server.base_url, blocks=blocks), journal=path)

        assert run.calls[0].error_type == "401"
        assert "Incorrect API key provided: [key]" in (run.calls[0].error or "")
        assert KEY not in path.read_text() + repr(run.calls) + str(run.stopped)

    def test_whose_server_asks_for_a_pause(self, blocks: bool) -> None:
        head = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\nconnection: close\r\n\r\n"
        clock = SkippingClock()
        with raw_server(head) as server:
            function = asking(server.base_url, blocks=blocks)
            run = run_skipping(["a"], function, clock, max_attempts=2, timeout=20)

        assert run.calls[0].error_type == "429"
        assert len(server.chats) == len(run.calls[0].attempts) == 3  # at 0, 7 and 14 s of 20
        assert "come back in 7 s" in (run.calls[0].error or "")

    def test_whose_server_is_away(self, blocks: bool, closed_port: int) -> None:
        function = asking(f"http://127.0.0.1:{closed_port}/v1", blocks=blocks)

        run = nb.run(["a"], function)

        assert run.calls[0].error_type == "connect"
        assert not run.calls[0].attempts[0].possibly_billed


def test_adaptive_learns_from_what_it_raises() -> None:
    seen = Counter()

    async def ask(item: int) -> int:
        seen.enter(item)
        too_many = seen.now > 6
        await take(0.005)
        seen.leave()
        if too_many:
            raise status_error(429)
        return item

    run = run_skipping(range(60), ask, strategy="adaptive", max_attempts=5)

    assert {call.outcome for call in run.calls} == {"ok"}
    assert {change.cause for change in run.limit_history} >= {"start", "429"}
