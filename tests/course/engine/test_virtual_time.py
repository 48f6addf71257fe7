"""In virtual time all waits are exact, and take no time."""

from __future__ import annotations

import asyncio
import time

import pytest

from aiml_nb.course import FakeModel, NotYet
from aiml_nb.course.engine.expect import call_async, call_plain, expect_asked, expect_number
from aiml_nb.course.engine.explain import explain_error


async def ask_three(ask):
    first = asyncio.create_task(ask("a"))
    await asyncio.sleep(100)
    return await asyncio.gather(first, ask("b"), ask("c"))


def test_hours_of_waiting_are_over_at_once_and_exact() -> None:
    model = FakeModel({"a": 3600.0, "b": 200.0, "c": 0.25})
    began = time.monotonic()

    call_async(ask_three, model.ask, virtual_time=True)

    assert time.monotonic() - began < 60
    assert [call.started for call in model.calls] == [0.0, 100.0, 100.0]
    assert [call.finished for call in model.calls] == [3600.0, 300.0, 100.25]
    assert model.finishing_order == ["c", "b", "a"]


def test_timeouts_ring_in_their_order() -> None:
    async def give_up():
        async with asyncio.timeout(50):
            await asyncio.sleep(1000)

    with pytest.raises(TimeoutError):
        call_async(give_up, virtual_time=True)


def test_a_thread_wakes_the_loop() -> None:
    async def in_a_thread():
        return await asyncio.to_thread(lambda: "done")

    assert call_async(in_a_thread, virtual_time=True) == "done"


def test_plain_and_async_functions_are_told_apart() -> None:
    async def nothing():
        return 1

    with pytest.raises(NotYet, match=r"Begin the function with a plain  def"):
        call_plain(nothing)
    with pytest.raises(NotYet, match="Begin it with  async def"):
        call_async(lambda: 1)


def test_what_was_called_and_not_awaited_is_told_from_what_was_not_called() -> None:
    model = FakeModel([0.0])

    with pytest.raises(NotYet, match="ask was never called"):
        expect_asked(model, ["a"])
    model.ask("a")
    with pytest.raises(NotYet, match="called once, and never awaited"):
        expect_asked(model, ["a"])


@pytest.mark.parametrize("odd", [True, "1", None, [1]])
def test_only_numbers_are_numbers(odd: object) -> None:
    with pytest.raises(NotYet, match="and wants seconds"):
        expect_number(odd, "seconds")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TypeError("unhashable type: 'Run'"), "a finished result"),
        (TypeError("unhashable type: 'list'"), "put a star before"),
        (TypeError("object list can't be used in 'await' expression"), "a single thing"),
        (TypeError("'list' object can't be awaited"), "a single thing"),
        (TypeError("'str' object can't be awaited"), "got a value"),
        (TypeError("object str can't be used in 'await' expression"), "got a value"),
        (TypeError("f() missing 1 required positional argument: 'x'"), "of its first line"),
        (AttributeError("'coroutine' object has no attribute 'upper'"), "not a result yet"),
        (IndexError("list index out of range"), "with fewer and with more"),
        (ValueError("odd"), ""),
    ],
)
def test_errors_are_explained(error: Exception, said: str) -> None:
    explained = explain_error(error)

    assert said in explained
    assert bool(said) == bool(explained)
