"""A network that is cut: nobody is told, nothing arrives, and later it may be mended."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import aiml_nb as nb
from aiml_nb.runner.cluster.sender import SILENCE

from ..runner.gated_server import GatedServer, Reply, completion, gated_server
from ..waiting import let_pass, wait_until
from .dask import DaskProcesses, dask_processes
from .relay import Relay, relay
from .test_keys import free_port, port_of
from .test_lost_workers import QUESTIONS, connect, in_thread
from .test_runs import workers_of

pytestmark = pytest.mark.slow


@dataclass
class CutOff:
    """A cluster of `west` and of `east`, which is reached through lines that can be cut."""

    dask: DaskProcesses
    lines: list[Relay]

    def cut(self) -> None:
        """Let nothing pass any more between `east` and all others."""
        for line in self.lines:
            line.is_cut.set()

    def mend(self) -> None:
        """Let all pass again, first what was held."""
        for line in self.lines:
            line.is_cut.clear()


@contextmanager
def cut_off(folder: Path) -> Iterator[CutOff]:
    """Start the cluster."""
    port = free_port()
    with (
        dask_processes(folder, "west") as dask,
        relay(port) as line,
        relay(port_of(dask.address)) as back,
    ):
        listen, contact = f"tcp://127.0.0.1:{port}", f"tcp://127.0.0.1:{line.port}"
        known_as = ("--listen-address", listen, "--contact-address", contact)
        dask.add_worker("east", *known_as, scheduler=f"tcp://127.0.0.1:{back.port}")
        dask.wait_for("east")
        yield CutOff(dask, [line, back])


def asked(server: GatedServer) -> Counter[str]:
    """Return how often the server has been asked each question."""
    return Counter(body["messages"][-1]["content"] for body in server.chats)


def acknowledged(journal: Path) -> set[str]:
    """Return the questions that the journal has answers of."""
    found = [json.loads(line) for line in journal.read_bytes().splitlines()]
    return {
        QUESTIONS[int(each["custom_id"].rpartition("-")[2]) - 1]
        for each in found
        if each.get("timing", {}).get("outcome") == "ok"
    }


class TestOneWorker:
    def test_others_go_on_without_it(self, tmp_path: Path) -> None:
        journal = tmp_path / "run.jsonl"
        with cut_off(tmp_path) as cluster, gated_server(n_held=8) as server:
            how = {"cluster": cluster.dask.address, "max_concurrency": 8, "journal": journal}
            with in_thread(QUESTIONS, connect(server), **how) as done:
                server.wait_for_chats(8)
                cluster.cut()
                server.gate.set()
                wait_until(lambda: len(acknowledged(journal)) >= 16)
                before, known = asked(server), acknowledged(journal)
                began = time.monotonic()
                wait_until(lambda: done, patience=60)
                took = time.monotonic() - began
            after = asked(server)
        (run,) = done

        assert {call.outcome for call in run.calls} == {"ok"}
        assert took < 15  # ten seconds without a reply, and the calls
        assert {question: after[question] for question in known} == {
            question: before[question] for question in known
        }
        lost = [a for call in run.calls for a in call.attempts if a.error_type == "worker"]
        assert {(a.worker, a.possibly_billed) for a in lost} == {("east", True)}
        assert len(server.chats) == 20 + len(lost) == 24
        assert acknowledged(journal) == set(QUESTIONS)

    def test_what_was_on_its_way_is_not_sent_once_it_is_mended(self, tmp_path: Path) -> None:
        """Another has sent it by then."""
        journal = tmp_path / "run.jsonl"
        with cut_off(tmp_path) as cluster, gated_server(n_held=1) as server:
            how = {"cluster": cluster.dask.address, "max_concurrency": 8, "journal": journal}
            with in_thread(QUESTIONS, connect(server), **how) as done:
                server.wait_for_chats(1)  # the first call goes alone
                cluster.cut()
                server.gate.set()
                wait_until(lambda: done or len(acknowledged(journal)) == 20, patience=60)
                before = asked(server)
                cluster.mend()
                let_pass(3)
                after = asked(server)
        (run,) = done

        assert {call.outcome for call in run.calls} == {"ok"}
        assert after == before
        assert workers_of(run)

    def test_it_takes_its_part_again_once_it_is_mended(self, tmp_path: Path) -> None:
        def answer(body: object) -> Reply:
            let_pass(0.1)
            return completion()

        with cut_off(tmp_path) as cluster, gated_server(n_held=12, chat=answer) as server:
            how = {"cluster": cluster.dask.address, "max_concurrency": 8, "journal": False}
            with in_thread(QUESTIONS * 20, connect(server), **how) as done:
                server.wait_for_chats(8)
                cluster.cut()
                server.wait_for_chats(12)  # its four, by the other
                cluster.mend()
                server.gate.set()
        (run,) = done

        assert {call.outcome for call in run.calls} == {"ok"}
        assert workers_of(run)["east"] > 4

    def test_a_cut_of_some_seconds_costs_nothing(self, tmp_path: Path) -> None:
        with cut_off(tmp_path) as cluster, gated_server(n_held=8) as server:
            how = {"cluster": cluster.dask.address, "max_concurrency": 8, "journal": False}
            with in_thread(QUESTIONS, connect(server), **how) as done:
                server.wait_for_chats(8)
                cluster.cut()
                server.gate.set()
                let_pass(SILENCE + 1)
                cluster.mend()
        (run,) = done

        assert {(call.outcome, len(call.attempts)) for call in run.calls} == {("ok", 1)}
        assert run.notices == []


class TestTheStarter:
    """Cut off from the scheduler, and from workers that it may need."""

    @pytest.mark.parametrize("is_mended", [True, False])
    def test_of_all(self, is_mended: bool, tmp_path: Path) -> None:
        journal = tmp_path / "run.jsonl"
        with cut_off(tmp_path) as cluster, gated_server(n_held=4) as server:
            cluster.dask.kill("west")
            with relay(port_of(cluster.dask.address)) as front:
                cluster.lines.append(front)
                address = f"tcp://127.0.0.1:{front.port}"
                how = {"cluster": address, "max_concurrency": 4, "journal": journal}
                with in_thread(QUESTIONS, connect(server), outage=20, **how) as done:
                    server.wait_for_chats(4)
                    cluster.cut()
                    server.gate.set()
                    began = time.monotonic()
                    if is_mended:
                        let_pass(15)  # it counts as lost after ten
                        cluster.mend()
                    wait_until(lambda: done, patience=60)
                    took = time.monotonic() - began
            (run,) = done
            if not is_mended:
                assert 29 < took < 45  # ten seconds, `outage`, and the end
                assert "neither the cluster's scheduler nor any of its workers" in str(run.stopped)
                assert len(server.chats) == 4
                run = nb.resume(journal, connect(server), progress=False)

        assert {call.outcome for call in run.calls} == {"ok"}
        billed = [a for call in run.calls for a in call.attempts if a.possibly_billed]
        assert len(billed) == 4
        assert sorted(asked(server).values()) == [1] * 16 + [2] * 4

    def test_of_the_scheduler(self, tmp_path: Path) -> None:
        """Workers are reached directly: the run does not need it."""
        with (
            dask_processes(tmp_path, "east", "west") as dask,
            gated_server(n_held=8) as server,
            relay(port_of(dask.address)) as front,
        ):
            address = f"tcp://127.0.0.1:{front.port}"
            how = {"cluster": address, "max_concurrency": 8, "journal": False}
            with in_thread(QUESTIONS, connect(server), **how) as done:
                server.wait_for_chats(8)
                front.is_cut.set()
                let_pass(12)
                server.gate.set()
                began = time.monotonic()
                wait_until(lambda: done, patience=60)
                took = time.monotonic() - began
        (run,) = done

        assert {(call.outcome, len(call.attempts)) for call in run.calls} == {("ok", 1)}
        assert took < 5
