"""Who held the event loop of a run at an endpoint is known, and for how long."""

from __future__ import annotations

import asyncio
import time

import pytest

import aiml_nb as nb
from aiml_nb.loop import LoopLag
from aiml_nb.watching import DelayWatcher

from ..waiting import take


async def save_notes() -> None:
    await take(0.05)
    time.sleep(0.3)  # noqa: ASYNC251


async def test_a_function_that_holds_the_loop_is_found_with_its_line() -> None:
    async with LoopLag() as lag:
        with DelayWatcher(lag) as watcher:
            await save_notes()
            await take(0.03)
        (held,) = watcher.held()

    assert (held.function, held.file) == ("save_notes", __file__)
    assert held.line == save_notes.__code__.co_firstlineno + 2
    assert held.duration >= 0.2


async def test_a_loop_in_time_is_held_by_nobody() -> None:
    async with LoopLag() as lag:
        with DelayWatcher(lag) as watcher:
            await take(0.1)

    assert watcher.held() == []


@pytest.mark.parametrize("of", ["endpoint", "function"])
async def test_a_run_says_when_it_was_held_up_and_by_whom(of: str, endpoint: nb.Endpoint) -> None:
    async def ask(question: str) -> str:
        return await take(0.4, question)  # type: ignore[no-any-return]

    target = endpoint if of == "endpoint" else ask

    run, _ = await asyncio.gather(
        nb.run_async(nb.prompts.TWENTY, target, progress=False), save_notes()
    )

    delay = next(each for each in run.loop_delays if each.function == "save_notes")
    assert delay.file == "test_late.py"
    assert delay.line == save_notes.__code__.co_firstlineno + 2
    assert 0.1 <= delay.duration <= run.makespan
    assert 0 <= delay.started < run.makespan
