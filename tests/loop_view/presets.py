"""Programs that write down themselves who goes on, and what a `LoopView` has seen of them.

``python -m tests.loop_view.presets`` prints both as JSON, for Pythons other than the tests' own.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import aiml_nb as nb
from aiml_nb.loop_view import LoopView

Log = list[str]
Preset = Callable[[Log], LoopView]
PRESETS: dict[str, Preset] = {}


def preset(function: Preset) -> Preset:
    PRESETS[function.__name__] = function
    return function


@preset
def tea_and_eggs(log: Log) -> LoopView:
    async def boil(what: str, seconds: float) -> str:
        for _ in range(3):
            log.append(what)
            await asyncio.sleep(seconds / 3)
        log.append(what)
        return what

    return LoopView(boil("tea", 0.06), boil("eggs", 0.15))


@preset
def one_after_the_other(log: Log) -> LoopView:
    async def ask(what: str) -> str:
        await asyncio.sleep(0.01)
        log.append("main")
        return what

    async def main() -> list[str]:
        log.append("main")
        return [await ask(what) for what in ("one", "two", "three")]

    return LoopView(main)


@preset
def all_at_once(log: Log) -> LoopView:
    async def ask(what: str) -> str:
        log.append(what)
        await asyncio.sleep(0.01)
        log.append(what)
        return what

    async def main() -> list[str]:
        log.append("main")
        answers = await asyncio.gather(*map(ask, ("one", "two", "three")))
        log.append("main")
        return answers

    return LoopView(main)


@preset
def semaphore_of_two(log: Log) -> LoopView:
    async def ask(what: str, semaphore: asyncio.Semaphore) -> None:
        log.append(what)
        async with semaphore:
            if semaphore.locked() and what in ("three", "four"):
                log.append(what)
            await asyncio.sleep(0.02)
            log.append(what)

    async def main() -> None:
        log.append("main")
        semaphore = asyncio.Semaphore(2)
        await asyncio.gather(*(ask(each, semaphore) for each in ("one", "two", "three", "four")))
        log.append("main")

    return LoopView(main)


@preset
def blocked(log: Log) -> LoopView:
    async def boil(what: str) -> None:
        for _ in range(3):
            log.append(what)
            await asyncio.sleep(0.02)
        log.append(what)

    async def save_notes() -> None:
        log.append("save_notes")
        await asyncio.sleep(0.01)
        log.append("save_notes")
        time.sleep(0.1)  # noqa: ASYNC251

    return LoopView(boil("tea"), boil("eggs"), save_notes())


@preset
def in_a_thread(log: Log) -> LoopView:
    async def boil(what: str) -> None:
        for _ in range(3):
            log.append(what)
            await asyncio.sleep(0.02)
        log.append(what)

    async def save_notes() -> None:
        log.append("save_notes")
        await asyncio.to_thread(time.sleep, 0.1)
        log.append("save_notes")

    return LoopView(boil("tea"), boil("eggs"), save_notes())


@preset
def forgotten_await(log: Log) -> LoopView:
    async def ask(what: str) -> str:
        await asyncio.sleep(0.01)
        return what

    async def main() -> None:
        log.append("main")
        ask("one")  # type: ignore[unused-coroutine]
        await ask("two")
        log.append("main")

    return LoopView(main)


@preset
def one_of_a_gather_fails(log: Log) -> LoopView:
    async def ask(what: str, seconds: float) -> str:
        log.append(what)
        try:
            await asyncio.sleep(seconds)
        finally:
            log.append(what)
        if what == "two":
            raise ValueError("the server said no")
        return what

    async def main() -> None:
        log.append("main")
        try:
            await asyncio.gather(ask("one", 0.01), ask("two", 0.03), ask("three", 0.1))
        except ValueError:
            log.append("main")

    return LoopView(main)


@preset
def timeout(log: Log) -> LoopView:
    async def main() -> None:
        log.append("main")
        try:
            async with asyncio.timeout(0.02):
                await asyncio.sleep(10)
        except TimeoutError:
            log.append("main")

    return LoopView(main)


@preset
def producer_and_consumer(log: Log) -> LoopView:
    async def produce(queue: asyncio.Queue[int | None]) -> None:
        log.append("produce")
        for number in range(3):
            await asyncio.sleep(0.01)
            log.append("produce")
            await queue.put(number)
        await asyncio.sleep(0.01)
        log.append("produce")
        await queue.put(None)

    async def consume(queue: asyncio.Queue[int | None]) -> None:
        log.append("consume")
        while await queue.get() is not None:
            log.append("consume")
        log.append("consume")

    async def main() -> None:
        log.append("main")
        queue: asyncio.Queue[int | None] = asyncio.Queue(1)
        async with asyncio.TaskGroup() as group:
            group.create_task(produce(queue), name="produce")
            group.create_task(consume(queue), name="consume")
        log.append("main")

    return LoopView(main)


def order_of(view: LoopView) -> list[str]:
    """Return whose steps were recorded, in order, of tasks of the user's."""
    tasks = view.recording["tasks"]
    return [tasks[step["task"]]["name"] for step in view.recording["steps"]]


def check(name: str) -> dict[str, Any]:
    log: Log = []
    view = PRESETS[name](log)
    return {"logged": log, "recorded": order_of(view), "recording": view.recording}


def check_calls() -> dict[str, Any]:
    """Return who begins and who has its answer, in order, of twenty calls to the simulator."""
    from openai import AsyncOpenAI

    endpoint = nb.connect(simulate=True, scenario="faq", speed=20, verbose=False)
    log: Log = []

    async def ask(client: AsyncOpenAI, number: int) -> None:
        log.append(f"ask {number}")
        messages: Any = [{"role": "user", "content": nb.prompts.TWENTY[number - 1]}]
        await client.chat.completions.create(model="gpt-4o", messages=messages)
        log.append(f"ask {number}")

    async def main() -> None:
        async with AsyncOpenAI(
            base_url=endpoint.base_url, api_key=endpoint.key.reveal(), max_retries=0
        ) as client:
            await asyncio.gather(*(ask(client, number + 1) for number in range(20)))

    recording = LoopView(main).recording
    names = [task["name"] for task in recording["tasks"]]
    seen = [names[step["task"]] for step in recording["steps"]]
    # Between the two the client has steps of its own, of which the coroutine knows nothing.
    ends = [(seen.index(name), len(seen) - 1 - seen[::-1].index(name)) for name in {*log}]
    places = sorted(place for both in ends for place in both)
    return {"logged": log, "recorded": [seen[at] for at in places], "recording": recording}


if __name__ == "__main__":
    checked = {name: check(name) for name in PRESETS}
    print(json.dumps({"presets": checked, "calls": check_calls()}))
