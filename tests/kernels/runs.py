"""Runs in every place of a notebook, to be interrupted: the stop button's promise, measured."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ..waiting import let_pass
from .driver import Answer, Kernel
from .server import Server

DEFINITIONS = """
import asyncio, collections, json, threading, time, urllib.request
from concurrent.futures import ThreadPoolExecutor
import aiml_nb as nb
from tests.waiting import block, give_way, never, take

endpoint = nb.connect(base_url="http://127.0.0.1:{port}/v1", model="none", verbose=False)
prompts = [f"Question {{number}}?" for number in range(1000)]
options = dict(max_concurrency=4, journal=False)
def known():
    calls = nb.last_run().calls if nb.last_run() else []
    print(json.dumps(collections.Counter(call.outcome for call in calls)), flush=True)

def ask(strategy):
    nb.run(prompts, endpoint, strategy=strategy, **options)

async def ask_in_task(strategy):
    ask(strategy)

async def ask_async(strategy):
    await nb.run_async(prompts, endpoint, strategy=strategy, **options)

def be_busy():
    urllib.request.urlopen("http://127.0.0.1:{port}/").read()
    block(1)

async def ask_after_a_while(strategy):
    be_busy()
    ask(strategy)

async def ask_one_in_task():
    return nb.run(["Who?"], endpoint, strategy="sequential").calls[0].outcome

async def ask_again_and_again():
    while True:
        yield ask("sequential")

async def nested(coro):
    nb.run_coroutine(coro)

async def in_group(*coros):
    async with asyncio.TaskGroup() as group:
        for coro in coros:
            group.create_task(coro)
"""
# Tracebacks take a kernel up to a second each, which is not the interrupt's.
PREPARE = f"%xmode Minimal\n{DEFINITIONS}"
NEXT = "nb.run(['Who?'], endpoint, progress=False).calls[0].outcome"
NEXT_AWAITS = "(await nb.run_async(['Who?'], endpoint, progress=False)).calls[0].outcome"
NEXT_IN_TASK = "await asyncio.create_task(ask_one_in_task())"

CELLS = {
    "sequential": "ask('sequential')",
    "sequential, await first": "await give_way()\nask('sequential')",
    "threads, await first": "await give_way()\nask('threads')",
    "gather, await first": "await give_way()\nask('gather')",
    "compare, await first": ("await give_way()\nnb.compare(prompts, endpoint, max_concurrency=4)"),
    "awaited, threads": "await ask_async('threads')",
    "awaited, two at once": "await asyncio.gather(ask_async('gather'), ask_async('sequential'))",
    "handle": "await nb.start(prompts, endpoint, strategy='threads', **options)",
    "task": "await asyncio.create_task(ask_in_task('gather'))",
    "task, sequential": "await asyncio.create_task(ask_in_task('sequential'))",
    "two in a gather": "await asyncio.gather(ask_in_task('gather'), ask_in_task('workers'))",
    "two in a gather, sequential": (
        "await asyncio.gather(ask_in_task('sequential'), ask_in_task('sequential'))"
    ),
    "two in asyncio.run": (
        "nb.patch_loop()\nasyncio.run(in_group(ask_in_task('gather'), ask_in_task('sequential')))"
    ),
    "two in a task group": "await in_group(ask_in_task('sequential'), ask_async('gather'))",
    "two that are waited for": (
        "tasks = [asyncio.create_task(ask_async(each)) for each in ('gather', 'threads')]\n"
        "await asyncio.wait(tasks)"
    ),
    "wait_for": "await asyncio.wait_for(ask_in_task('gather'), 60)",
    "three nested": "await give_way()\nnb.run_coroutine(nested(ask_in_task('gather')))",
    "async generator": "async for _ in ask_again_and_again(): pass",
    "callback": ("asyncio.get_running_loop().call_soon(ask, 'sequential')\nawait never()"),
    "task beside the cell": (
        "task = asyncio.create_task(ask_in_task('sequential'))\nawait never()"
    ),
    "thread": (
        "thread = threading.Thread(target=ask, args=('gather',))\nthread.start()\nthread.join()"
    ),
    "to_thread": "await asyncio.to_thread(ask, 'sequential')",
    "to_thread in asyncio.run": ("nb.patch_loop()\nasyncio.run(asyncio.to_thread(ask, 'threads'))"),
    "pool": (
        "with ThreadPoolExecutor(2) as pool:\n"
        "    futures = [pool.submit(ask, 'sequential') for _ in range(6)]\n"
        "    print([future.result() for future in futures])"
    ),
    "pool of loops": (
        "with ThreadPoolExecutor(2) as pool:\n"
        "    futures = [pool.submit(asyncio.run, ask_async('gather')) for _ in range(6)]\n"
        "    print([future.result() for future in futures])"
    ),
    "pool that is not waited for": (
        "pool = ThreadPoolExecutor(2)\n"
        "futures = [pool.submit(ask, 'sequential') for _ in range(6)]\n"
        "print([future.result() for future in futures])"
    ),
}
# What a press meets before a call is sent, or between two attempts of one.
WARM_UPS = {
    f"warm-up, {kind}": CELLS[kind]
    for kind in (
        "sequential, await first",
        "gather, await first",
        "awaited, threads",
        "handle",
        "two in a gather, sequential",
        "to_thread",
        "pool",
    )
}
WAITS = {
    f"wait after a 429, {kind}": CELLS[kind]
    for kind in (
        "sequential, await first",
        "threads, await first",
        "gather, await first",
        "awaited, threads",
        "two in a gather",
        "to_thread",
    )
}
# The cell has awaited something, and is busy before it begins a run: IPython's handler has been
# told of the press, and has asked the loop for what only its next turn can do.
BUSY = {
    "busy before, sequential": "await give_way()\nbe_busy()\nask('sequential')",
    "busy before, gather": "await give_way()\nbe_busy()\nask('gather')",
    "busy before, task": "await asyncio.create_task(ask_after_a_while('sequential'))",
}
TWICE = {
    f"pressed twice, {kind}": CELLS[kind]
    for kind in ("sequential, await first", "two in a gather", "two in asyncio.run", "to_thread")
}
KINDS = [*CELLS, *WARM_UPS, *WAITS, *BUSY, *TWICE]
# A loop that cannot be nested refuses a run inside a run, in its own words; and what uvloop has
# been asked for cannot be seen.
NOT_ON_UVLOOP = {"two in asyncio.run", "three nested", "pressed twice, two in asyncio.run", *BUSY}


@dataclass(frozen=True)
class StoppedRun:
    """What became of a cell with a run in it that was interrupted once.

    Parameters
    ----------
    known
        How many calls of the last run have which outcome.
    next_outcomes
        Of the only call of three later cells: one that blocks, two that await.
    """

    seconds: float
    error: str
    requests_later: int
    known: dict[str, int]
    next_outcomes: tuple[str, ...]


def press_stop(kernel: Kernel, kind: str) -> StoppedRun:
    """Run the cell of this `kind`, and press the stop button once while it is at work."""
    cell = (CELLS | WARM_UPS | WAITS | BUSY | TWICE)[kind]
    with Server(is_silent=kind in WARM_UPS, refuses=kind in WAITS) as server:
        (ready,) = kernel.run(PREPARE.format(port=server.port), timeout=60)
        assert ready.status == "ok", ready
        sent = kernel.queue(cell)
        first = 12 if kind in CELLS | TWICE else 1
        assert server.wait_for_requests(first, timeout=30), kernel.wait(sent, timeout=1)
        let_pass(0.1)  # all is at work now
        pressed = kernel.interrupt()
        if kind in TWICE:
            # At once: a press between the end of a cell and its reply, some 10 ms later, keeps
            # ipykernel itself from sending the reply, with no run of ours in the cell, too.
            kernel.interrupt()
        (answer,) = kernel.wait(sent, timeout=10)
        let_pass(until=pressed + 0.8)
        later = server.count_after(pressed + 0.5)
        (known,) = kernel.run("known()")
        server.is_silent = server.refuses = False
        after = kernel.run(NEXT, NEXT_AWAITS, NEXT_IN_TASK)
    return StoppedRun(
        seconds=answer.replied - pressed if answer.replied else float("inf"),
        error=answer.error,
        requests_later=later,
        known=json.loads(known.stdout or "{}"),
        next_outcomes=tuple(map(_outcome, after)),
    )


def _outcome(answer: Answer) -> str:
    return answer.result.strip("'") or answer.status
