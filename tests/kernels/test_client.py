"""Clients and timings under the patch, in the kernel that is installed."""

from __future__ import annotations

import json

import pytest

from ..waiting import wait_until
from .driver import Kernel, patched
from .environments import HERE
from .server import Server

pytestmark = pytest.mark.kernel

CLIENT = """
import asyncio, time
from openai import AsyncOpenAI
client = AsyncOpenAI(base_url="http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)

async def ask():
    begun = time.perf_counter()
    await client.chat.completions.create(model="none", messages=[])
    return time.perf_counter() - begun
"""
CALLS = """
import asyncio, json, time

async def call(number, seconds):
    begun = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", {port})
    writer.write(b"GET /?seconds=%.2f HTTP/1.1\\r\\nHost: here\\r\\n" % seconds)
    writer.write(b"Connection: close\\r\\n\\r\\n")
    await reader.read()
    writer.close()
    ended.append(number)
    return time.perf_counter() - begun

async def calls():
    ended.clear()
    delays = [0.2 + 0.06 * ((7 * number) % 10) for number in range(10)]
    return await asyncio.gather(*(call(n, s) for n, s in enumerate(delays)))

ended = []
"""


def test_one_client_serves_three_runs_and_an_await() -> None:
    with Server(delay=0.2) as server, patched(HERE) as kernel:
        answers = kernel.run(
            CLIENT.format(port=server.port),
            "asyncio.run(ask())",  # the first call is slower than the next: it is the warm-up
            *["asyncio.run(ask())"] * 3,
            "await ask()",
        )

    assert [answer.error for answer in answers] == [""] * 6
    durations = [float(answer.result) for answer in answers[2:]]
    # A connection that is lost, or bound to a loop that has gone, costs more than a busy machine.
    assert all(0.2 <= duration <= 1.7 for duration in durations), durations


def test_order_and_durations_are_the_same_with_and_without_the_patch() -> None:
    with Server() as server, Kernel(HERE) as kernel:
        kernel.run(CALLS.format(port=server.port))
        order, durations = measure(kernel, "await calls()")
        kernel.run("from aiml_nb.loop import patch_loop\nreport = patch_loop()")

        def is_the_same(cell: str) -> bool:
            same_order, others = measure(kernel, cell)
            return same_order == order and others == pytest.approx(durations, abs=0.15)

        # What slows the machine down for a moment slows one of the two down.
        wait_until(lambda: is_the_same("await calls()"))
        wait_until(lambda: is_the_same("asyncio.run(calls())"))


def measure(kernel: Kernel, cell: str) -> tuple[list[int], list[float]]:
    """Return the order in which the calls of a cell ended, and how long each took."""
    (answer,) = kernel.run(f"durations = {cell}\nprint(json.dumps([ended, durations]))")
    order, durations = json.loads(answer.stdout)
    return order, durations
