"""Ctrl-C ends the workers of a run too; a starter that is killed leaves nothing behind."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from distributed import Client

from ..foreground import Foreground, foreground
from ..waiting import let_pass, wait_until
from .dask import DaskProcesses

SENDER = "aiml_nb.runner.cluster.sender"

PROGRAM = """
import sys
import aiml_nb as nb

base_url, journal, cluster = sys.argv[1:]
how = {"cluster": cluster} if cluster else {"processes": 2}
endpoint = nb.connect(base_url=base_url, model="gpt-4o", verbose=False)
try:
    nb.run([f"Question {n}?" for n in range(2000)], endpoint, max_concurrency=40, journal=journal,
           progress=False, **how)
finally:
    run = nb.last_run()
    print(sum(call.outcome == "ok" for call in run.calls), flush=True)
"""


@contextmanager
def program(folder: Path, server: Foreground, cluster: str = "") -> Iterator[subprocess.Popen[str]]:
    """A script in the middle of a run, on a cluster or with processes of its own."""
    script = folder / "script.py"
    script.write_text(PROGRAM)
    command = [sys.executable, str(script), server.base_url, str(folder / "run.jsonl"), cluster]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder
    ) as process:
        try:
            server.wait_for(100)
            yield process
        finally:
            process.kill()


def test_ctrl_c(tmp_path: Path) -> None:
    with foreground("--speed", 20) as server, program(tmp_path, server) as process:
        workers = psutil.Process(process.pid).children(recursive=True)
        assert len(workers) == 2
        pressed = time.monotonic()
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=30)
        took = time.monotonic() - pressed

        let_pass(0.5)
        assert server.count_after(pressed + 0.5) == 0
        assert int(said) >= 50
        assert errors.splitlines()[-1] == "KeyboardInterrupt"
        assert not any(each.is_running() for each in workers)
    assert took < 6  # one on an idle machine


@pytest.mark.slow
def test_ctrl_c_ends_what_the_workers_of_a_cluster_do(dask: DaskProcesses, tmp_path: Path) -> None:
    with foreground("--speed", 20) as server:
        with program(tmp_path, server, dask.address) as process:
            pressed = time.monotonic()
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=30)

        let_pass(0.5)
        assert server.count_after(pressed + 0.5) == 0
        assert int(said) >= 50
    with Client(dask.address, set_as_default=False) as client:
        left = client.run(lambda: [*importlib.import_module(SENDER)._senders])
    assert [*left.values()] == [[], []]


@pytest.mark.slow
def test_a_starter_that_is_killed(tmp_path: Path) -> None:
    with foreground("--speed", 20) as server, program(tmp_path, server) as process:
        workers = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

        wait_until(lambda: not any(each.is_running() for each in workers))
        # Each process began with its folder of files, which none of them could remove.
        assert server.calls()
