"""A Dask cluster as somebody would start it: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..waiting import wait_until


class DaskProcesses:
    """A scheduler and its workers.

    Parameters
    ----------
    folder
        Where they keep their files and what they say.
    environment
        Variables that the workers have besides those of this process; None removes one.
    """

    def __init__(self, folder: Path, environment: dict[str, str | None] | None = None) -> None:
        self.folder = folder
        self.environment = environment or {}
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        file = folder / "scheduler.json"
        self.scheduler = self._start(
            "dask_scheduler",
            *("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"),
            *("--scheduler-file", str(file)),
        )
        wait_until(lambda: file.exists() and file.read_text().endswith("}"), patience=60)
        self.address = str(json.loads(file.read_text())["address"])

    def add_worker(self, name: str, *options: str, scheduler: str | None = None) -> None:
        """Start a worker, which knows the scheduler by this address if not by its own."""
        self.workers[name] = self._start(
            "dask_worker",
            scheduler or self.address,
            *("--name", name, "--no-nanny", "--nthreads", "1"),
            *("--dashboard-address", "127.0.0.1:0"),
            *(options or ("--host", "127.0.0.1")),
        )

    def wait_for(self, name: str) -> None:
        """Wait until a worker has joined."""
        wait_until(lambda: f"name: {name}\n" in self.said(), patience=60)

    def kill(self, name: str) -> None:
        """Kill a worker with SIGKILL."""
        self.workers[name].send_signal(signal.SIGKILL)
        self.workers.pop(name).wait()

    def said(self) -> str:
        """Return what all of them have logged."""
        return "".join(each.read_text() for each in self.folder.glob("*.log"))

    def close(self) -> None:
        """End them all."""
        for process in (*self.workers.values(), self.scheduler):
            process.kill()
            process.wait()

    def _start(self, program: str, *options: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {"DASK_TEMPORARY_DIRECTORY": str(self.folder)}
        environment |= {n: v for n, v in self.environment.items() if v is not None}
        for name in [n for n, v in self.environment.items() if v is None]:
            environment.pop(name, None)
        log = self.folder / f"{program}-{time.monotonic_ns()}.log"
        with log.open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{program}", *options],
                env=environment,
                stdout=said,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )


@contextmanager
def dask_processes(
    folder: Path, *workers: str, environment: dict[str, str | None] | None = None
) -> Iterator[DaskProcesses]:
    """Start a scheduler and workers of these names, and end them with the block."""
    dask = DaskProcesses(folder, environment)
    try:
        for name in workers:
            dask.add_worker(name)
        for name in workers:
            dask.wait_for(name)
        yield dask
    finally:
        dask.close()
