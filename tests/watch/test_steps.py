"""Steps: whatever shape a function has, its step ends when its work does."""

from __future__ import annotations

import asyncio
import functools
import gc
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import aiml_nb as nb

from ..waiting import take
from .test_watch import ANSWER, ModelServer, OpenAI, ask, client, open_async, server

__all__ = ["client", "server"]  # fixtures


async def work(gate: asyncio.Event) -> str:
    await gate.wait()
    return "done"


class Asynchronous:
    async def __call__(self, gate: asyncio.Event) -> str:
        return await work(gate)


class Plain:
    def __call__(self, gate: asyncio.Event) -> Any:
        return work(gate)


def decorated(function: Any) -> Any:
    return lambda *arguments: function(*arguments)


def in_task(gate: asyncio.Event) -> Any:
    return asyncio.ensure_future(work(gate))


SHAPES: dict[str, Any] = {
    "async def": work,
    "partial": functools.partial(work),
    "partial of a plain one": functools.partial(decorated(work)),
    "decorated": decorated(work),
    "decorated with wraps": functools.wraps(work)(decorated(work)),
    "object with async call": Asynchronous(),
    "object with a plain call": Plain(),
    "method": Asynchronous().__call__,
    "gives a task": in_task,
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_step_ends_when_what_its_function_returns_has_ended(shape: str) -> None:
    gate = asyncio.Event()
    function = nb.step(SHAPES[shape])
    assert asyncio.iscoroutine(started := function(gate)) or isinstance(started, asyncio.Task)
    gate.set()
    assert await started == "done"  # nothing is watched

    gate.clear()
    with nb.watch() as run:
        task = asyncio.ensure_future(function(gate))
        await take(0)
        (step,) = run.calls
        assert step.finished is None
        gate.set()
        assert await task == "done"
        await take(0)

    assert (step.api, step.outcome) == ("step", "ok")
    assert step.finished is not None
    assert step.prompt


@pytest.mark.parametrize("shape", ["async def", "decorated", "gives a task"])
async def test_one_that_is_cancelled_or_raises_says_so(shape: str) -> None:
    async def fail(gate: asyncio.Event) -> None:
        raise LookupError("nothing there")

    make: Callable[[Any], Any] = {
        "async def": lambda function: function,
        "decorated": decorated,
        "gives a task": lambda function: lambda gate: asyncio.ensure_future(function(gate)),
    }[shape]
    with nb.watch() as run:
        for function in (work, fail):
            task = asyncio.ensure_future(nb.step(make(function))(asyncio.Event()))
            await take(0)
            task.cancel()
            with pytest.raises((asyncio.CancelledError, LookupError)):
                await task
            await take(0)

    assert [call.outcome for call in run.calls] == ["cancelled", "error"]
    assert run.calls[1].error == "LookupError: nothing there"


async def test_calls_that_a_coroutine_makes_later_are_within_its_step(server: ModelServer) -> None:
    async with open_async(server) as client:

        @nb.step("look up")
        @decorated
        async def look_up() -> str:
            await take(0)
            return str((await ask(client)).choices[0].message.content)

        with nb.watch() as run:
            first, second = look_up(), look_up()
            assert await asyncio.gather(second, first) == [ANSWER] * 2

    assert [(call.prompt, len(call.children)) for call in run.calls] == [("look up", 1)] * 2
    assert all(call.children[0].finished <= call.finished for call in run.calls)  # type: ignore[operator]


def test_work_in_a_pool_ends_the_step(server: ModelServer, client: OpenAI) -> None:
    with ThreadPoolExecutor(1) as pool, nb.watch() as run:
        gate = threading.Event()
        nb.step(lambda: pool.submit(gate.wait, 10))()
        assert run.calls[0].finished is None
        gate.set()

    assert run.calls[0].outcome == "ok"


async def test_one_that_is_never_awaited_warns_as_ever() -> None:
    with nb.watch() as run, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nb.step(decorated(work))(asyncio.Event())
        gc.collect()

    assert [str(each.message) for each in caught] == ["coroutine 'work' was never awaited"]
    assert run.calls[0].outcome == "cancelled"


def test_generators_are_refused_in_every_shape() -> None:
    def generate() -> Iterator[int]:
        yield 1

    async def generate_async() -> AsyncIterator[int]:
        yield 1

    class Generates:
        def __call__(self) -> Iterator[int]:
            yield 1

    class GeneratesAsync:
        async def __call__(self) -> AsyncIterator[int]:
            yield 1

    shapes = (generate, generate_async, functools.partial(generate), Generates(), GeneratesAsync())
    for each in shapes:
        with pytest.raises(TypeError, match=r"is a generator\. Put @nb\.step on what is called"):
            nb.step(each)


def test_a_generator_that_a_function_returns_is_the_same_object() -> None:
    made = iter([1])
    with nb.watch() as run:
        assert nb.step(lambda: made)() is made

    assert run.calls[0].outcome == "ok"


async def test_steps_are_not_counted_as_calls(server: ModelServer) -> None:
    async with open_async(server) as client:

        @nb.step
        async def twice() -> None:
            await ask(client)
            server.failures = [400]
            with pytest.raises(Exception, match="400"):
                await ask(client)

        @nb.step
        async def nothing() -> None:
            await take(0)

        with nb.watch() as run:
            await twice()
            await nothing()
            await ask(client)

    assert repr(run).startswith("<Run watch: 2 of 3 calls ok in ")
    (row,) = run.summary().to_dict("records")
    assert (row["calls"], row["ok"], row["failed"], row["attempts"]) == (3, 2, 1, 3)


async def test_a_watch_is_entered_by_async_with_too(server: ModelServer) -> None:
    async with open_async(server) as client:
        async with nb.watch() as run:
            await ask(client)
        await ask(client)

    assert len(run.calls) == 1
    assert run.calls[0].outcome == "ok"


async def test_methods_of_every_kind_may_be_steps() -> None:
    class Work:
        @nb.step
        def method(self, n: int) -> int:
            return n

        @nb.step
        @staticmethod
        def static(n: int) -> int:
            return n

        @staticmethod
        @nb.step
        def static_below(n: int) -> int:
            return n

        @nb.step("named")
        @classmethod
        def of_class(cls, n: int) -> tuple[type, int]:
            return cls, n

        @nb.step
        @staticmethod
        async def awaited(n: int) -> int:
            return n

    work = Work()
    with nb.watch() as run:
        found = [work.method(1), work.static(2), Work.static(3), work.static_below(4)]
        assert work.of_class(5) == Work.of_class(5) == (Work, 5)
        assert await work.awaited(6) == await Work.awaited(6) == 6

    assert found == [1, 2, 3, 4]
    assert [call.prompt for call in run.calls] == [
        *("method", "static", "static", "static_below", "named", "named", "awaited", "awaited"),
    ]
    assert {call.outcome for call in run.calls} == {"ok"}


def test_a_cached_function_keeps_its_cache() -> None:
    @nb.step
    @functools.cache
    def look(n: int) -> int:
        return n

    with nb.watch() as run:
        assert [look(1), look(1)] == [1, 1]
    assert look.cache_info().hits == 1
    look.cache_clear()
    assert look.cache_info().currsize == 0
    assert len(run.calls) == 2
