"""Slow lines, held loops, workers that share a process or cannot reach the server, and ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.errors import EndpointError
from aiml_nb.runner.cluster import link, sender
from aiml_nb.runner.cluster.orders import Event, EventKind, Order, ServerTarget, pack

from ..runner.gated_server import gated_server
from ..waiting import block, give_way
from .dask import DaskProcesses, dask_processes
from .relay import relay
from .test_keys import free_port
from .test_runs import workers_of


def test_a_slow_line_is_no_lost_worker(
    tmp_path: Path, endpoint: nb.Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All prompts together take 3 s, and a worker that does not reply is lost after 1 s."""
    monkeypatch.setattr(link, "LOST_AFTER", 1.0)
    port = free_port()
    with dask_processes(tmp_path) as dask, relay(port) as line:
        contact = f"tcp://127.0.0.1:{line.port}"
        listen = f"tcp://127.0.0.1:{port}"
        dask.add_worker("east", "--listen-address", listen, "--contact-address", contact)
        dask.wait_for("east")
        line.rate = 1_500_000
        prompts = [f"{number}? " + "word " * 100_000 for number in range(9)]
        run = nb.run(prompts, endpoint, cluster=dask.address, progress=False)

    assert {call.outcome for call in run.calls} == {"ok"}
    assert workers_of(run) == {"east": 9}


def test_a_loop_that_is_held_loses_no_worker(
    dask: DaskProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "LOST_AFTER", 0.5)

    async def main() -> nb.Run:
        handle = nb.start(["a?", "b?", "c?"], endpoint, cluster=dask.address, journal=False)
        while len(server.chats) < 3:
            await asyncio.sleep(0.01)
        block(1.5)
        server.gate.set()
        return await handle

    with gated_server(n_held=3) as server:
        endpoint = nb.connect(base_url=server.base_url, model="m", verbose=False)
        run = asyncio.run(main())

    assert {call.outcome for call in run.calls} == {"ok"}
    assert len(server.chats) == 3
    assert run.notices == []


class Worker:
    """As far as a sender looks at Dask's worker."""

    def __init__(self, name: str) -> None:
        self.name, self.address = name, f"inproc://{name}"


async def test_workers_of_one_process_have_senders_of_their_own(endpoint: nb.Endpoint) -> None:
    target = ServerTarget(
        base_url=endpoint.base_url,
        model=endpoint.model,
        provider="simulator",
        api="chat",
        timeout=10.0,
        max_connections=4,
        has_key=True,
        token=endpoint.key.reveal(),
    )
    for number, name in enumerate(("east", "west", "east")):
        assert await sender.open_sender(f"run/{number}", pack(target), Worker(name)) == (True, name)

    assert await sender.ping("run/0") is None  # given up by the starter, which opened another
    assert await sender.ping("run/1")
    assert await sender.ping("run/2")
    # An order that is taken back before it begins leaves nothing behind.
    await sender.deliver("run/1", pack([Order(1, "warm_up"), Order(1, "cancel")]))
    tasks = sender._senders["run/1"]._tasks
    while tasks:
        await asyncio.sleep(0.01)
    for number in (1, 2):
        await sender.close_sender(f"run/{number}")
    assert [name for name in sender._senders if name.startswith("run/")] == []


cancelled: list[asyncio.Future[Any]] = []


def cancel_all() -> str:
    """Do as Ctrl-C, which may come at any moment: while an answer is read, too."""
    return str([each.cancel() for each in cancelled])


class CancelsAll:
    """Cancels what waits for it, as it is read."""

    def __reduce__(self) -> tuple[Callable[[], str], tuple[()]]:
        return cancel_all, ()


@pytest.mark.parametrize("kind", ["done", "failed"])
async def test_an_interrupt_while_an_answer_is_read_loses_no_worker(kind: EventKind) -> None:
    lost: list[str] = []

    async def reach(function: Any, *arguments: Any) -> Any:
        await asyncio.get_running_loop().create_future()

    worker = link.WorkerLink(
        "tcp://east", "run/1", reach, lambda _, why: lost.append(why), calls_function=False
    )
    order = asyncio.ensure_future(worker.do("send"))
    await give_way()
    cancelled[:] = [each.done for each in worker._flights.values()]
    worker._take(Event(1, kind, pack(CancelsAll())))

    with pytest.raises(asyncio.CancelledError):
        await order
    assert lost == []


async def test_what_is_asked_of_no_sender_is_told_without_an_exception() -> None:
    """Dask writes the arguments of what raises into its log: they are prompts."""
    assert await sender.deliver("no such", pack([Order(1, "send")])) is False
    assert await sender.collect("no such", 0.0) is None
    is_open, said = await sender.open_sender("a/1", pack("no target"))
    assert (is_open, bool(said)) == (False, True)


@pytest.mark.slow
@pytest.mark.parametrize("joins", ["first", "late"])
def test_a_worker_that_cannot_reach_the_server_is_left_alone(joins: str, tmp_path: Path) -> None:
    cut_off = tmp_path / "cutoff"
    cut_off.mkdir()
    with gated_server() as server, dask_processes(tmp_path, "good") as dask:
        port = server.base_url.rpartition(":")[2].partition("/")[0]
        (cut_off / "sitecustomize.py").write_text(
            "import socket\n"
            "connect = socket.socket.connect\n"
            "def refuse(self, address):\n"
            f"    if isinstance(address, tuple) and address[1] == {port}:\n"
            "        raise ConnectionRefusedError(111, 'refused')\n"
            "    return connect(self, address)\n"
            "socket.socket.connect = refuse\n"
            "import asyncio.selector_events as events\n"
            "loop_connect = events.BaseSelectorEventLoop.sock_connect\n"
            "async def refuse_async(self, sock, address):\n"
            f"    if address[1] == {port}:\n"
            "        raise ConnectionRefusedError(111, 'refused')\n"
            "    return await loop_connect(self, sock, address)\n"
            "events.BaseSelectorEventLoop.sock_connect = refuse_async\n"
        )
        dask.environment["PYTHONPATH"] = str(cut_off)
        dask.add_worker("cutoff")
        dask.wait_for("cutoff")
        if joins == "late":
            dask.environment.pop("PYTHONPATH")
        endpoint = nb.connect(base_url=server.base_url, model="m", verbose=False)
        questions = [f"{number}?" for number in range(60)]
        run = nb.run(questions, endpoint, cluster=dask.address, max_concurrency=6, journal=False)

    assert {call.outcome for call in run.calls} == {"ok"}
    assert run.held_time < 1
    refused = [a for call in run.calls for a in call.attempts if a.error_type == "worker"]
    assert all((a.worker, a.possibly_billed) == ("cutoff", False) for a in refused)


@pytest.mark.slow
def test_workers_that_are_lost_before_the_first_call_are_told(tmp_path: Path) -> None:
    with gated_server(models="hang") as server, dask_processes(tmp_path, "east") as dask:
        endpoint = nb.connect(base_url=server.base_url, model="m", verbose=False)

        async def main() -> None:
            run = asyncio.ensure_future(
                nb.run_async(["Who?"], endpoint, cluster=dask.address, journal=False)
            )
            while not server.lists:
                await asyncio.sleep(0.01)
            dask.kill("east")
            await run

        with pytest.raises(EndpointError, match="No worker of the cluster is left"):
            asyncio.run(main())
