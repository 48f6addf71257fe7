"""A server that is down for a while in the middle of a run: what it costs, in calls and seconds."""

from __future__ import annotations

import math
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, Protocol, Self

import aiml_nb as nb
from aiml_nb.records import Run

from ..waiting import let_pass
from .load import find_failed, write_prompts
from .server import LlamaServer, find_free_port

CALLS, IN_FLIGHT = 500, 20
DOWN = (2.0, 10.0, 30.0)
HEAD = (
    f"{'server':12}{'down s':>8}{'how':>10}{'answered':>10}{'failed':>8}{'tried while away':>18}"
    f"{'back after s':>14}{'lost s':>8}{'in all s':>10}"
)


class Server(Protocol):
    """Something with a port of its own that can be killed and started again."""

    port: int
    model: str

    @property
    def base_url(self) -> str: ...

    def start(self) -> None: ...

    def kill(self) -> None: ...


@dataclass
class SimulatorServer:
    """``aiml-nb simulate`` at a port that stays."""

    model = "gpt-4o"
    speed: float = 20.0
    port: int = field(default_factory=find_free_port)
    _process: Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        program = [sys.executable, "-m", "aiml_nb", "simulate", "--scenario", "classroom"]
        options = ["--port", str(self.port), "--speed", str(self.speed)]
        self._process = Popen([*program, *options], stdout=PIPE, text=True)
        assert self._process.stdout is not None
        self._process.stdout.readline()  # its address: it serves now

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class Knocks:
    """The moments at which this process asked for a connection to a port, in any thread."""

    def __init__(self) -> None:
        self._ports: dict[int, list[float]] = {}
        sys.addaudithook(self._note)

    def at(self, port: int) -> list[float]:
        """Return the list of moments, ``time.time()``; it grows."""
        return self._ports.setdefault(port, [])

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            moments = self._ports.get(arguments[1][1])
            if moments is not None:
                moments.append(time.time())


knocks = Knocks()  # one for the process: an audit hook cannot be taken away


@dataclass
class Outage:
    """Takes a server away once some calls are finished, and brings it back.

    Parameters
    ----------
    server
        The server.
    down
        Seconds.
    after
        How many calls are finished before.
    """

    server: Server
    down: float
    after: int
    began: float = 0.0
    ended: float = 0.0

    def during(self, make_calls: Callable[[], Run]) -> Run:
        """Make the calls and have the outage happen meanwhile."""
        moments = knocks.at(self.server.port)
        moments.clear()
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(nb.last_run(), over))
        watcher.start()
        try:
            return make_calls()
        finally:
            over.set()
            watcher.join()

    @property
    def tried(self) -> int:
        """How often a connection was asked for while nobody was there."""
        return sum(self.began < at < self.ended for at in knocks.at(self.server.port))

    def _watch(self, before: Run | None, over: threading.Event) -> None:
        while (run := nb.last_run()) is before or count_finished(run) < self.after:
            if over.wait(0.005):
                return
        self.server.kill()
        self.began = time.time()
        let_pass(self.down)
        self.server.start()
        self.ended = time.time()


@dataclass(frozen=True)
class Row:
    """What an outage came to: calls, connections asked for meanwhile, and seconds.

    Parameters
    ----------
    back_after
        From the server's return to the first answer.
    lost
        How much longer what was left took than at the pace of before; below 0 it was faster.
    """

    server: str
    down: float
    stream: bool
    answered: int
    failed: int
    tried: int
    back_after: float
    lost: float
    seconds: float
    why: str
    is_ours = True

    def __str__(self) -> str:
        how = "streamed" if self.stream else "whole"
        return (
            f"{self.server:12}{self.down:8g}{how:>10}{self.answered:10}{self.failed:8}"
            f"{self.tried:18}{self.back_after:14.1f}{self.lost:8.1f}"
            f"{self.seconds:10.1f}  {self.why}"
        )


def measure() -> Iterator[Row]:
    """Yield a row for each server, length of the outage and way to make the calls."""
    with tempfile.TemporaryDirectory() as folder:
        servers = {"llama.cpp": LlamaServer(Path(folder)), "simulator": SimulatorServer()}
        for name, server in servers.items():
            with server:
                for down in DOWN:
                    yield measure_outage(name, server, down, stream=False)
                    yield measure_outage(name, server, down, stream=True)


def measure_outage(name: str, server: Server, down: float, *, stream: bool) -> Row:
    endpoint = nb.connect(base_url=server.base_url, model=server.model, verbose=False)
    outage = Outage(server, down, after=CALLS // 2)
    run = outage.during(
        lambda: nb.run(
            write_prompts(CALLS),
            endpoint,
            max_concurrency=IN_FLIGHT,
            stream=stream,
            progress=False,
            max_tokens=16,
        )
    )
    failed = find_failed(run)
    finished = [run.started_at + call.finished for call in run.calls if call.finished is not None]
    later = [moment for moment in finished if moment > outage.ended]
    pace = sum(moment < outage.began for moment in finished) / (outage.began - run.started_at)
    return Row(
        name,
        down,
        stream,
        answered=CALLS - len(failed),
        failed=len(failed),
        tried=outage.tried,
        back_after=min(later, default=math.nan) - outage.ended,
        lost=max(later, default=math.nan) - outage.ended - len(later) / pace,
        seconds=run.makespan,
        why=f"{failed[0].error_type}: {failed[0].error}" if failed else "",
    )


def count_finished(run: Run | None) -> int:
    return 0 if run is None else sum(call.finished is not None for call in run.calls)
