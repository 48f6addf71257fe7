"""Clients and timings under the patch, in the kernel that is installed."""

from __future__ import annotations

import json

import pytest

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
    writer.write(b"GET /?seconds=%.1f HTTP/1.1\\r\\nHost: here\\r\\n" % seconds)
    writer.write(b"Connection: close\\r\\n\\r\\n")
    await reader.read()
    writer.close()
    ended.append(number)
    return time.perf_counter() - begun

async def calls():
    ended.clear()
    delays = [0.6 + 0.1 * ((7 * number) % 10) for number in range(10)]
    return await asyncio.gather(*(call(n, s) for n, s in enumerate(delays)))

ended = []
"""


def test_one_client_serves_three_runs_and_an_await() -> None:
    with Server(delay=0.5) as server, patched(HERE) as kernel:
        answers = kernel.run(
            CLIENT.format(port=server.port),
            "asyncio.run(ask())",  # the first call is slower than the next: it is the warm-up
            *["asyncio.run(ask())"] * 3,
            "await ask()",
        )

    assert [answer.error for answer in answers] == [""] * 6
    durations = [float(answer.result) for answer in answers[2:]]
    assert all(0.5 <= duration <= 0.65 for duration in durations), durations


def test_order_and_durations_are_the_same_with_and_without_the_patch() -> None:
    show = "print(json.dumps([ended, durations]))"
    with Server() as server, Kernel(HERE) as kernel:
        _, without, _, awaited, run = kernel.run(
            CALLS.format(port=server.port),
            f"durations = await calls()\n{show}",
            "from aiml_nb.loop import patch_loop\nreport = patch_loop()",
            f"durations = await calls()\n{show}",
            f"durations = asyncio.run(calls())\n{show}",
            timeout=30,
        )

    order, durations = json.loads(without.stdout)
    for under_the_patch in (awaited, run):
        same_order, others = json.loads(under_the_patch.stdout)
        assert same_order == order
        assert others == pytest.approx(durations, abs=0.15)
