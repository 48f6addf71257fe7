"""Each strategy makes every call once and never more at a time than it may."""

from __future__ import annotations

import asyncio
import threading

import pytest

from aiml_nb.records import Call
from aiml_nb.runner.limits.slots import lent_slot
from aiml_nb.runner.strategies import ASYNC_STRATEGIES, BLOCKING_STRATEGIES, MANY

from ..rows import slow
from ..waiting import block, take, wait_until_async


class Spy:
    """Makes calls that only wait, and counts how many were under way at once."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.peak = 0
        self._running = 0
        self._lock = threading.Lock()

    def make(self, call: Call) -> None:
        self._enter()
        block(0.002)
        self._leave(call)

    async def make_async(self, call: Call) -> None:
        self._enter()
        await take(0.002 * (1 + call.index % 3))
        self._leave(call)

    def _enter(self) -> None:
        with self._lock:
            self._running += 1
            self.peak = max(self.peak, self._running)

    def _leave(self, call: Call) -> None:
        with self._lock:
            self._running -= 1
            self.made.append(call.index)


def some_calls(count: int) -> list[Call]:
    return [Call(index=index, custom_id=str(index), prompt="Who?") for index in range(count)]


@pytest.mark.parametrize("limit", [1, 3, 20, 50])
@pytest.mark.parametrize("name", ASYNC_STRATEGIES)
async def test_an_async_strategy_reaches_its_limit_and_keeps_it(name: str, limit: int) -> None:
    spy = Spy()

    await ASYNC_STRATEGIES[name](spy.make_async, some_calls(20), limit)

    assert sorted(spy.made) == list(range(20))
    assert spy.peak == min(limit, 20)


@pytest.mark.parametrize("limit", [1, 3, 20])
def test_threads_never_exceed_their_limit(limit: int) -> None:
    spy = Spy()

    BLOCKING_STRATEGIES["threads"](spy.make, some_calls(20), limit)

    assert sorted(spy.made) == list(range(20))
    assert spy.peak <= limit


def test_sequential_keeps_the_order_whatever_the_limit() -> None:
    spy = Spy()

    BLOCKING_STRATEGIES["sequential"](spy.make, some_calls(5), 99)

    assert spy.made == [0, 1, 2, 3, 4]
    assert spy.peak == 1


@pytest.mark.parametrize("name", ASYNC_STRATEGIES)
async def test_a_cancelled_strategy_leaves_no_task_behind(name: str) -> None:
    spy = Spy()
    before = asyncio.all_tasks()
    task = asyncio.create_task(_as_coroutine(name, spy))
    await wait_until_async(lambda: spy.made, every=0.001)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert asyncio.all_tasks() == before
    assert len(spy.made) < 200


async def _as_coroutine(name: str, spy: Spy) -> None:
    await ASYNC_STRATEGIES[name](spy.make_async, some_calls(200), 5)


@pytest.mark.parametrize("name", ["gather", slow("as_completed"), slow("task_group")])
async def test_of_very_many_calls_no_task_is_made_before_it_has_a_slot(name: str) -> None:
    spy, tasks = Spy(), 0

    async def make(call: Call) -> None:
        nonlocal tasks
        tasks = max(tasks, len(asyncio.all_tasks()))
        spy._enter()
        await asyncio.sleep(0)
        spy._leave(call)

    await ASYNC_STRATEGIES[name](make, some_calls(MANY + 1), 7)

    assert sorted(spy.made) == list(range(MANY + 1))
    assert spy.peak == 7
    assert tasks <= 2 * 7 + 2


async def test_of_very_many_calls_one_that_backs_off_lends_its_slot() -> None:
    others_made, made = asyncio.Event(), list[int]()

    async def make(call: Call) -> None:
        if call.index == 0:
            with lent_slot():
                await others_made.wait()
        made.append(call.index)
        if len(made) == MANY:
            others_made.set()

    await ASYNC_STRATEGIES["gather"](make, some_calls(MANY + 1), 1)

    assert made == [*range(1, MANY + 1), 0]


async def test_what_ends_one_of_very_many_calls_is_raised_as_it_is() -> None:
    async def make(call: Call) -> None:
        await asyncio.sleep(0)
        if call.index == 5:
            raise LookupError("its end")

    with pytest.raises(LookupError, match="its end"):
        await ASYNC_STRATEGIES["gather"](make, some_calls(MANY + 1), 3)
