"""What a watch costs the code that it watches: a call, a piece of a stream, many calls in flight.

The openai client calls a transport that answers at once, watched and not in turns of a few calls,
so that what slows the machine down slows both. Each figure is processor time, the end of the watch
and all that is read for its record included; the reference is the same calls without a watch.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext

import httpx2
from openai import AsyncOpenAI

import aiml_nb as nb

from ..watch.ready import CHUNKS, URL, ReadyTransport
from .contenders import MODEL, Task
from .rows import Row

TURNS = 10
IN_FLIGHT = 1000
REFERENCE = "without a watch"


async def ask(client: AsyncOpenAI, calls: int) -> None:
    """Make calls one after the other."""
    for number in range(calls):
        await _create(client, number)


async def ask_at_once(client: AsyncOpenAI, calls: int) -> None:
    """Make all calls at once."""
    await asyncio.gather(*(_create(client, number) for number in range(calls)))


async def read(client: AsyncOpenAI, streams: int) -> None:
    """Read streams one after the other."""
    for number in range(streams):
        messages = _task.messages(number)
        stream = await client.chat.completions.create(model=MODEL, messages=messages, stream=True)
        async for _ in stream:
            pass


def measure(*, repeats: int, quick: bool = False) -> list[Row]:
    """Measure all; quick sees that it runs."""
    kinds: list[tuple[str, Callable[[AsyncOpenAI, int], Awaitable[None]], int, int]] = [
        ("a watched call", ask, 2 if quick else 100, 1),
        ("a watched chunk", read, 1 if quick else 3, CHUNKS),
        (f"a call of {IN_FLIGHT} watched in flight", ask_at_once, 20 if quick else IN_FLIGHT, 1),
    ]
    rows = []
    for name, make, count, parts in kinds:
        turns = 1 if quick else TURNS if make is not ask_at_once else 2
        pairs = [asyncio.run(_compare(make, count, turns)) for _ in range(repeats)]
        unwatched, watched = zip(*pairs, strict=True)
        values, references = ([each / parts for each in those] for those in (watched, unwatched))
        rows.append(Row("watch", name, "us", values, references, REFERENCE))
    return rows


async def _compare(
    make: Callable[[AsyncOpenAI, int], Awaitable[None]], count: int, turns: int
) -> tuple[float, float]:
    """Return the processor time of one of them without a watch and with one, in microseconds."""
    http = httpx2.AsyncClient(transport=ReadyTransport())
    async with AsyncOpenAI(base_url=URL, api_key="any-key", http_client=http) as client:
        took = [0.0, 0.0]
        for turn in range(turns + 1):  # the first is for what is built at first use
            for kind in (0, 1):
                gc.collect()  # what the one before left behind is not this one's
                began = time.process_time()
                with nb.watch() if kind else nullcontext():
                    await make(client, count if turn else 1)
                took[kind] += (time.process_time() - began) * bool(turn)
        return took[0] / count / turns * 1e6, took[1] / count / turns * 1e6


async def _create(client: AsyncOpenAI, number: int) -> None:
    await client.chat.completions.create(model=MODEL, messages=_task.messages(number))


_task = Task("", "", 0, 0)
