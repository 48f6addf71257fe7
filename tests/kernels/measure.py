"""The two measurements that the tests judge and that the tables show."""

from __future__ import annotations

from dataclasses import dataclass

from ..waiting import let_pass
from .driver import Kernel, patched
from .environments import Environment
from .server import Server

APPLY = "import nest_asyncio\nnest_asyncio.apply()"
ORDERS = ("not at all", "before", "after")

CELLS = (
    "import asyncio\nfrom tests.waiting import take\n"
    "print(0, flush=True)\nasyncio.run(take(0.5))\nprint(1)",
    "print(2)",
    "await take(0.05)\nasyncio.run(take(0.1))\nprint(3)",
    "print(4)",
    "print(5)",
)
COMM = """
received = []
def opened(comm, message):
    comm.on_msg(lambda message: received.append(message["content"]["data"]))
get_ipython().kernel.comm_manager.register_target("probe", opened)
"""
IDIOM = """
try:
    asyncio.run(main())
except RuntimeError:
    loop = asyncio.get_event_loop()
    loop.run_until_complete(main())
"""
INTERRUPTED = {
    "sync cell": "asyncio.run(main())",
    "await first": "await take(0)\nasyncio.run(main())",
    "idiom": IDIOM,
    "blocking coroutine": "asyncio.run(blocking())",
    "a coroutine that sleeps": "await take(0)\nasyncio.run(sleeping())",
    "run_until_complete": "asyncio.get_event_loop().run_until_complete(main())",
    "run_coroutine": "await take(0)\nrun_coroutine(main())",
    "awaited beside LoopLag": "async with LoopLag():\n    await main()",
}


@dataclass(frozen=True)
class Kept:
    """What became of cells and messages that were queued while a cell was running."""

    queued: int
    answered: int
    in_order: bool
    comm_messages_sent: int
    comm_messages_kept: int
    completion_answered: bool
    stderr: str


@dataclass(frozen=True)
class Stopped:
    """What became of a cell that was interrupted."""

    seconds: float
    error: str
    tasks_left: int
    requests_later: int
    next_answers: bool


def measure_queue(environment: Environment, *, nest_asyncio: str) -> Kept:
    """Queue cells and messages under our patch, nest_asyncio 1.x applied before, after or not."""
    with patched(environment, first=APPLY if nest_asyncio == "before" else "") as kernel:
        if nest_asyncio == "after":
            (applied,) = kernel.run(APPLY)
            assert applied.status == "ok", applied
        return _queue(kernel)


def measure_queue_unmended(environment: Environment) -> Kept:
    """Queue the same under nest_asyncio 1.x alone, which is what learners have today."""
    with Kernel(environment) as kernel:
        kernel.run(APPLY)
        return _queue(kernel, timeout=4)


def _queue(kernel: Kernel, *, timeout: float = 20) -> Kept:
    kernel.run(COMM)
    sent = kernel.queue(*CELLS)
    kernel.wait_for_output(sent[0])  # the first cell begins its nested run now
    kernel.send("comm_open", {"comm_id": "c1", "target_name": "probe", "data": {}})
    for number in range(3):
        kernel.send("comm_msg", {"comm_id": "c1", "data": number})
    kernel.send("complete_request", {"code": "impo", "cursor_pos": 4})
    answers = kernel.wait(sent, timeout=timeout)
    completed = kernel.wait_for_reply("complete_reply", timeout=timeout)
    (received,) = kernel.run("received", timeout=5)
    printed = "".join(answer.stdout for answer in answers)
    times = [answer.replied for answer in answers]
    return Kept(
        queued=len(CELLS),
        answered=sum(answer.status == "ok" for answer in answers),
        in_order=times == sorted(times) and printed == "0\n1\n2\n3\n4\n5\n",
        comm_messages_sent=3,
        comm_messages_kept=3 if received.result == "[0, 1, 2]" else received.result.count(","),
        completion_answered=completed,
        stderr="".join(answer.stderr for answer in (*answers, received)),
    )


def measure_interrupt(kernel: Kernel, kind: str) -> Stopped:
    """Press the stop button once, while a cell's coroutines are making requests."""
    with Server() as server:
        kernel.run(server.calls)
        return press_stop(kernel, server, INTERRUPTED[kind])


def press_stop(kernel: Kernel, server: Server, cell: str) -> Stopped:
    """Run a cell that makes requests, and press the stop button once."""
    sent = kernel.queue(cell)
    kernel.wait_for_output(sent[0])
    pressed = kernel.interrupt()
    (answer,) = kernel.wait(sent, timeout=8)
    assert answer.stdout == "at work\n", answer
    (left,) = kernel.run("left()", timeout=5)
    let_pass(until=pressed + 0.8)
    return Stopped(
        seconds=answer.replied - pressed if answer.replied else float("inf"),
        error=answer.error,
        tasks_left=int(left.result or -1),
        requests_later=server.count_after(pressed + 0.5),
        next_answers=left.status == "ok",
    )
