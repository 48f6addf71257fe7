"""Workers that are killed, hang, join late or leave; a scheduler that is killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

import aiml_nb as nb
from aiml_nb.runner.cluster import link

from ..runner.gated_server import GatedServer, completion, gated_server
from ..waiting import wait_until
from .dask import dask_processes
from .test_runs import workers_of


@contextmanager
def in_thread(*args: object, **options: object) -> Iterator[list[nb.Run]]:
    """Make a run in a thread, while the block does something to its workers."""
    done: list[nb.Run] = []
    problems: list[BaseException] = []

    def work() -> None:
        try:
            done.append(nb.run(*args, progress=False, **options))  # type: ignore[arg-type]
        except BaseException as error:  # noqa: BLE001
            problems.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield done
    finally:
        thread.join(120)
    if problems:
        raise problems[0]


@pytest.fixture
def server() -> Iterator[GatedServer]:
    """One whose first eight answers wait."""
    with gated_server(n_held=8, chat=lambda body: completion()) as server:
        yield server


def connect(server: GatedServer) -> nb.Endpoint:
    return nb.connect(base_url=server.base_url, model="m", verbose=False)


QUESTIONS = [f"Question {number}?" for number in range(20)]


class TestAWorkerIsKilled:
    def test_what_it_had_in_flight_is_sent_again_by_others(
        self, tmp_path: Path, server: GatedServer
    ) -> None:
        journal = tmp_path / "run.jsonl"
        with dask_processes(tmp_path, "east", "west") as dask:
            how = {"cluster": dask.address, "max_concurrency": 8, "journal": journal}
            with in_thread(QUESTIONS, connect(server), **how) as done:
                server.wait_for_chats(8)
                dask.kill("east")
                wait_until(lambda: len(server.chats) >= 12)  # its four, sent again
                server.gate.set()
        (run,) = done

        assert {call.outcome for call in run.calls} == {"ok"}
        lost = [a for call in run.calls for a in call.attempts if a.error_type == "worker"]
        assert len(lost) == 4
        assert {(a.worker, a.possibly_billed, a.status) for a in lost} == {("east", True, None)}
        assert workers_of(run) == {"east": 4, "west": 20}
        assert len(server.chats) == 24
        assert any("worker east" in notice.lower() for notice in run.notices)
        saved = nb.read_saved(journal)
        assert isinstance(saved, nb.Run)
        assert workers_of(saved) == workers_of(run)

    def test_with_one_attempt_a_call_they_are_failures(
        self, tmp_path: Path, server: GatedServer
    ) -> None:
        with dask_processes(tmp_path, "east", "west") as dask:
            how = {"cluster": dask.address, "max_concurrency": 8, "max_attempts": 1}
            with in_thread(QUESTIONS, connect(server), journal=False, **how) as done:
                server.wait_for_chats(8)
                dask.kill("east")
                server.gate.set()
        (run,) = done

        failed = [call for call in run.calls if call.outcome != "ok"]
        assert len(server.chats) == 20
        assert {(call.outcome, call.error_type) for call in failed} == {("error", "worker")}
        assert len(failed) == 4

    @pytest.mark.slow
    def test_one_that_joins_takes_its_part(self, tmp_path: Path, server: GatedServer) -> None:
        with dask_processes(tmp_path, "east") as dask:
            how = {"cluster": dask.address, "max_concurrency": 4, "journal": False}
            with in_thread(QUESTIONS, connect(server), **how) as done:
                server.wait_for_chats(4)
                dask.add_worker("late")
                dask.wait_for("late")
                dask.kill("east")
                server.gate.set()
        (run,) = done

        assert {call.outcome for call in run.calls} == {"ok"}
        assert workers_of(run)["late"] >= 16

    def test_a_run_without_workers_stops_and_is_resumed(
        self, tmp_path: Path, server: GatedServer
    ) -> None:
        journal = tmp_path / "run.jsonl"
        with dask_processes(tmp_path, "east") as dask:
            how = {"cluster": dask.address, "max_concurrency": 8, "outage": 1, "journal": journal}
            with in_thread(QUESTIONS, connect(server), **how) as done:
                server.wait_for_chats(8)
                dask.kill("east")
        (run,) = done
        assert str(run.stopped) == "no worker of the cluster is left"
        assert {call.outcome for call in run.calls} == {"cancelled", "not_started"}
        server.gate.set()

        run = nb.resume(journal, connect(server), progress=False)

        assert {call.outcome for call in run.calls} == {"ok"}
        assert sum(a.possibly_billed for call in run.calls for a in call.attempts) == 8


@pytest.mark.slow
def test_processes_that_have_all_ended_are_not_waited_for(server: GatedServer) -> None:
    with in_thread(QUESTIONS, connect(server), processes=2, journal=False) as done:
        server.wait_for_chats(8)
        for worker in psutil.Process().children(recursive=True):
            if "dask_worker" in " ".join(worker.cmdline()):
                worker.kill()
        wait_until(lambda: done)
    (run,) = done

    assert str(run.stopped) == "no worker process is left"


@pytest.mark.slow
def test_a_worker_that_hangs_is_given_up(
    tmp_path: Path, server: GatedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "LOST_AFTER", 2.0)
    with dask_processes(tmp_path, "east", "west") as dask:
        how = {"cluster": dask.address, "max_concurrency": 8, "journal": False}
        with in_thread(QUESTIONS, connect(server), **how) as done:
            server.wait_for_chats(8)
            dask.workers["east"].send_signal(signal.SIGSTOP)
            try:
                wait_until(lambda: len(server.chats) >= 12)
                server.gate.set()
                wait_until(lambda: done)
            finally:
                dask.workers["east"].send_signal(signal.SIGCONT)
    (run,) = done

    assert {call.outcome for call in run.calls} == {"ok"}
    assert any("has not replied for 2 s" in notice for notice in run.notices)


def test_a_scheduler_that_is_killed_stops_the_run_and_loses_nothing(
    tmp_path: Path, server: GatedServer
) -> None:
    journal = tmp_path / "run.jsonl"
    server.n_held = 20
    replies = iter(range(5))
    server.chat = lambda body: completion() if next(replies, None) is not None else (0, b"")
    with dask_processes(tmp_path, "east", "west") as dask:
        how = {"cluster": dask.address, "max_concurrency": 20, "journal": journal}
        with in_thread(QUESTIONS, connect(server), **how) as done:
            server.wait_for_chats(20)
            os.kill(dask.scheduler.pid, signal.SIGKILL)
            wait_until(lambda: done, patience=60)
    (run,) = done
    assert "scheduler is gone" in str(run.stopped)
    server.chat = lambda body: completion()
    server.gate.set()

    run = nb.resume(journal, connect(server), progress=False)

    assert {call.outcome for call in run.calls} == {"ok"}
