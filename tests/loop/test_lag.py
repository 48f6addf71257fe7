from __future__ import annotations

import asyncio

import pytest

from aiml_nb.loop import LoopLag

from ..waiting import block, take


async def test_a_blocked_loop_is_late_by_what_it_was_blocked_for() -> None:
    async with LoopLag() as lag:
        await take(0.05)
        block(0.2)
        await take(0.05)

    assert 0.15 <= lag.maximum < 1


async def test_a_loop_that_stays_blocked_to_the_end_is_seen() -> None:
    async with LoopLag() as lag:
        block(0.2)

    assert lag.maximum >= 0.15


async def test_an_idle_loop_is_hardly_late() -> None:
    async with LoopLag() as lag:
        await take(0.2)

    assert 0 <= lag.maximum < 0.15


async def test_a_moment_is_too_short_to_be_late() -> None:
    async with LoopLag() as lag:
        pass

    assert lag.maximum == 0


async def test_the_time_of_starting_up_is_not_counted() -> None:
    async with LoopLag() as lag:
        block(0.2)
        lag.begin_again()
        block(0.2)
        await take(0.05)
        started = lag.maximum
        for _ in range(2):
            block(0.1)
            await take(0.05)

    assert started < 0.15
    assert 0.1 <= lag.total < 0.4


async def test_the_probe_ends_with_its_block_even_by_an_exception() -> None:
    with pytest.raises(ValueError, match="stop"):
        async with LoopLag() as lag:
            raise ValueError("stop")
    before = lag.maximum
    block(0.1)
    await take(0.05)

    assert lag.maximum == before


async def test_the_probe_makes_no_task() -> None:
    before = asyncio.all_tasks()
    async with LoopLag():
        await take(0.05)
        assert asyncio.all_tasks() == before


async def test_the_loop_turns_at_least_every_20_ms_while_one_thing_is_awaited() -> None:
    # Turns of the loop are what lets a kernel hear the stop button.
    loop = asyncio.get_running_loop()
    turns = 0
    original = loop.call_at

    def count(*arguments: object, **options: object) -> asyncio.TimerHandle:
        nonlocal turns
        turns += 1
        return original(*arguments, **options)  # type: ignore[arg-type]

    loop.call_at = count  # type: ignore[method-assign]
    async with LoopLag():
        await take(0.5)

    assert turns >= 10
