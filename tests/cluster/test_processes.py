"""Worker processes of this machine: how they start, for scripts too, and that they end."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pytest

from aiml_nb.runner.cluster import local
from aiml_nb.runner.cluster.local import local_cluster

from ..waiting import wait_until


class TestStartAndEnd:
    @pytest.mark.slow
    @pytest.mark.parametrize("after", [0.05, 0.2, 0.8])
    async def test_nothing_is_left_of_a_start_that_is_cancelled(self, after: float) -> None:
        me = psutil.Process()

        async def count() -> tuple[int, int]:
            listening = [each for each in me.net_connections() if each.status == "LISTEN"]
            workers = [each for each in me.children() if "dask_worker" in " ".join(each.cmdline())]
            return len(listening), len(workers)

        before = await count()
        async with asyncio.timeout(30):
            start = asyncio.ensure_future(self._start())
            await asyncio.wait((start,), timeout=after)
            start.cancel()
            with suppress(asyncio.CancelledError):
                await start
        while await count() != before:
            await asyncio.sleep(0.05)

    async def _start(self) -> None:
        async with local_cluster(2, None):
            await asyncio.get_running_loop().create_future()

    @pytest.mark.slow
    async def test_two_at_a_time_leave_dasks_settings_as_they_were(self) -> None:
        logger = logging.getLogger("distributed")
        before = logger.level
        first, second = AsyncExitStack(), AsyncExitStack()
        await first.enter_async_context(local_cluster(1, None))
        await second.enter_async_context(local_cluster(1, None))
        await first.aclose()
        assert logger.level == logging.CRITICAL
        await second.aclose()

        assert logger.level == before

    async def test_those_that_do_not_end_by_themselves_are_killed_together(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(local, "_STOP", 0.2)
        ignores = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        ignores += "print('ready', flush=True); time.sleep(60)"
        workers = []
        for _ in range(4):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", ignores, stdout=subprocess.PIPE
            )
            assert process.stdout is not None
            await process.stdout.readline()
            workers.append(local._Worker(process, BytesIO()))
        killed: list[float] = []

        def note(kill: Callable[[], None]) -> None:
            killed.append(time.monotonic())
            kill()

        for process, _ in workers:
            monkeypatch.setattr(process, "kill", partial(note, process.kill))
        await local._end(workers)

        assert all(process.returncode == -9 for process, _ in workers)
        assert len(killed) == 4
        assert max(killed) - min(killed) < 0.2  # not one after the other's time to end


class TestScripts:
    def test_a_script_without_a_guard_uses_two(self, tmp_path: Path) -> None:
        script = tmp_path / "script.py"
        script.write_text(
            "import aiml_nb as nb\n"
            "print('once')\n"
            "endpoint = nb.connect(speed=20)\n"
            "run = nb.run([f'{n}?' for n in range(30)], endpoint, processes=2, progress=False)\n"
            "print(sorted({a.worker for c in run.calls for a in c.attempts}), run)\n"
        )
        done = subprocess.run(
            [sys.executable, script], capture_output=True, text=True, timeout=120, check=False
        )

        assert done.stderr == ""
        assert done.stdout.count("once") == 1
        assert "['1', '2'] <Run gather: 30 of 30 calls ok" in done.stdout

    @pytest.mark.slow
    def test_dask_is_imported_beside_the_loop(self, tmp_path: Path) -> None:
        """It takes a second, in which other runs go on."""
        script = tmp_path / "script.py"
        script.write_text(
            "import sys, threading\n"
            "class Finder:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            "        if name == 'distributed':\n"
            "            print(threading.current_thread() is threading.main_thread())\n"
            "sys.meta_path.insert(0, Finder())\n"
            "import aiml_nb as nb\n"
            "endpoint = nb.connect(speed=20, verbose=False)\n"
            "nb.run(['Who?'], endpoint, processes=1, progress=False)\n"
        )
        done = subprocess.run(
            [sys.executable, script], capture_output=True, text=True, timeout=120, check=True
        )

        assert done.stdout.split() == ["True", "False"]  # looked for, and imported

    @pytest.mark.slow
    def test_a_module_beside_the_script_is_found(self, tmp_path: Path) -> None:
        (tmp_path / "helpers.py").write_text("def double(item):\n    return 2 * item\n")
        (tmp_path / "script.py").write_text(
            "import aiml_nb as nb\nfrom helpers import double\n"
            "print(nb.run([1, 2], double, processes=1, progress=False, journal=False).results)\n"
        )
        done = subprocess.run(
            [sys.executable, tmp_path / "script.py"], capture_output=True, text=True, check=True
        )
        assert done.stdout == "[2, 4]\n"

    @pytest.mark.slow
    def test_a_starter_that_is_killed_at_once_leaves_none(self, tmp_path: Path) -> None:
        script = "import aiml_nb as nb\nnb.run(['Who?'], nb.connect(simulate=True), processes=2)"
        with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path) as process:
            starter = psutil.Process(process.pid)

            def workers() -> list[Any]:
                return [
                    each
                    for each in starter.children(recursive=True)
                    if "dask_worker" in " ".join(each.cmdline())
                ]

            wait_until(workers)
            found = workers()
            process.kill()
        wait_until(lambda: not any(each.is_running() for each in found), patience=120)
