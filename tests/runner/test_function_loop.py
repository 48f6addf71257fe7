"""In a script, runs of one's own async functions share a loop: a client made once serves all."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI

import aiml_nb as nb

from ..watch.model_server import ANSWER, ModelServer, model_server
from ..watch.test_kinds import CHAT, open_http

ITEMS = ["One?", "Two?", "Three?"]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with model_server() as served:
        yield served


@pytest.fixture
def client(server: ModelServer) -> Iterator[AsyncOpenAI]:
    made = AsyncOpenAI(base_url=server.base_url, api_key="sk-canary", max_retries=0)
    yield made

    async def close(item: int) -> None:
        await made.close()

    nb.run([1], close, progress=False)


def test_a_client_that_is_made_once_serves_every_run(client: AsyncOpenAI) -> None:
    async def ask(item: str) -> str | None:
        made = await client.chat.completions.create(**CHAT)
        return made.choices[0].message.content

    for strategy in ("gather", "workers", "task_group", "as_completed"):
        assert nb.run(ITEMS, ask, strategy=strategy, progress=False).results == [ANSWER] * 3


def test_and_every_pair_of_a_comparison(client: AsyncOpenAI, server: ModelServer) -> None:
    blocking = OpenAI(base_url=server.base_url, api_key="sk-canary", http_client=open_http())

    def ask(item: str) -> Any:
        return blocking.chat.completions.create(**CHAT).id

    async def ask_async(item: str) -> Any:
        return (await client.chat.completions.create(**CHAT)).id

    made = nb.compare(ITEMS, sync=ask, concurrent=ask_async, repeats=3)

    runs = [run for pair in made.pairs for run in pair]
    assert [call.error for run in runs for call in run.calls] == [None] * 18


def test_what_a_run_leaves_behind_ends_with_it() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("task")

    async def ask(item: str) -> str:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        return str(task.done())

    assert nb.run(["Who?"], ask, progress=False).results == ["False"]
    assert ended == ["task"]


def test_each_run_has_the_context_of_its_caller() -> None:
    seen: ContextVar[int] = ContextVar("seen", default=0)

    async def ask(item: int) -> int:
        return seen.get()

    found = []
    for number in (1, 2):
        seen.set(number)
        found += nb.run([0], ask, progress=False).results
    assert found == [1, 2]


def test_no_current_loop_is_left_behind() -> None:
    async def ask(item: int) -> int:
        return item

    nb.run([1], ask, progress=False)

    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()
    assert asyncio.run(ask(2)) == 2
    assert nb.run([3], ask, progress=False).results == [3]


PROGRAM = """
import os, warnings
warnings.simplefilter("error")
import aiml_nb as nb

async def ask(item):
    return os.getpid()

(mine,) = nb.run([1], ask, progress=False).results
child = os.fork()
(its,) = nb.run([1], ask, progress=False).results
assert its == os.getpid() and (child or its != mine)
if child:
    assert os.waitpid(child, 0)[1] == 0
    (after,) = nb.run([1], ask, progress=False).results
    print("same" if after == mine else "another")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_fork_has_a_loop_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=False, capture_output=True, text=True
    )

    assert (done.stdout, done.stderr, done.returncode) == ("same\n", "", 0)
