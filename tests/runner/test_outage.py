"""A server that is away costs time and nothing else; one that stays away ends the run."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.endpoint.failures import Failure
from aiml_nb.formats.journal_contents import read_lines
from aiml_nb.records import Run
from aiml_nb.runner.retries.outage import MIN_LOST, Outage, ProbeResult

from ..rows import in_turn, slow
from .conftest import run_skipping
from .outage_server import OutageServer, outage_server
from .virtual import VirtualServer, run_ours

WAYS = pytest.mark.parametrize(
    "strategy", [slow("sequential"), "threads", "gather", slow("workers")]
)


def outcomes(run: Run) -> Counter[str]:
    return Counter(call.outcome for call in run.calls)


def leave_at(number: int, seconds: float) -> Any:
    """Let the server go away as its `number`-th request has come."""

    def act(server: OutageServer, count: int) -> None:
        if count == number:
            server.leave_for(seconds)

    return act


@WAYS
def test_a_run_waits_for_a_server_that_is_away_and_loses_nothing(
    strategy: str, tmp_path: Path
) -> None:
    path = tmp_path / "j.jsonl"
    with outage_server(leave_at(12, 0.7)) as server:
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        run = nb.run(
            [f"Q{n}" for n in range(60)],
            endpoint,
            strategy=strategy,
            max_concurrency=6,
            journal=path,
        )

    assert outcomes(run) == {"ok": 60}
    assert run.stopped is None
    assert [each for each in run.notices if "The server was away for" in each]
    attempts = sum(len(call.attempts) for call in run.calls)
    sent = read_lines(path.read_bytes(), path).sent
    # Those in flight once more, and few that found nobody: none that looked is an attempt.
    assert attempts <= 60 + 2 * 6
    assert sum(map(len, sent.values())) == attempts
    assert nb.read_saved(path).notices == run.notices


@WAYS
def test_one_that_stays_away_ends_the_run_and_a_resume_goes_on(
    strategy: str, tmp_path: Path
) -> None:
    path = tmp_path / "j.jsonl"
    with outage_server(leave_at(12, 1e6)) as server:
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        questions = [f"Q{n}" for n in range(40)]
        run = nb.run(
            questions, endpoint, strategy=strategy, max_concurrency=5, journal=path, outage=0.5
        )
        found = outcomes(run)
        assert (run.stopped or "").startswith("the server was away for")
        assert "outage=0.5" in (run.stopped or "")
        assert 0 < found["cancelled"] <= 5
        assert found["ok"] + found["cancelled"] + found["not_started"] == 40
        assert found["not_started"] > 10

        server.come_back()
        again = nb.resume(path, endpoint)

    assert outcomes(again) == {"ok": 40}


@WAYS
def test_ctrl_c_in_an_outage_gives_the_prompt_back(strategy: str) -> None:
    def act(server: OutageServer, count: int) -> None:
        if count == 8:
            server.leave()
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()

    with outage_server(act) as server:
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            nb.run([f"Q{n}" for n in range(30)], endpoint, strategy=strategy, max_concurrency=4)

    assert time.monotonic() - began < 20  # and not 60
    run = nb.last_run()
    assert run is not None
    assert set(outcomes(run)) == {"ok", "cancelled", "not_started"}


@WAYS
def test_a_refused_connection_is_no_attempt_of_one_that_may_have_no_second(strategy: str) -> None:
    def act(server: OutageServer, count: int) -> None:
        if count == 9:  # as it is answered, so that none is in flight but this one
            server.leave_for(0.6)

    with outage_server(act) as server:
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        run = nb.run(
            [f"Q{n}" for n in range(20)],
            endpoint,
            strategy=strategy,
            max_concurrency=1,
            max_attempts=1,
        )

    # The one it left with came over a used connection: it was sent again, and refused, at once.
    assert outcomes(run) == {"ok": 20}
    for call in run.calls:
        assert sum(each.error_type != "connect" for each in call.attempts) <= 1


@WAYS
def test_no_server_is_waited_for_if_so_wished(strategy: str) -> None:
    with outage_server(leave_at(3, 1e6)) as server:
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        run = run_skipping(["Who?"] * 6, endpoint, strategy=strategy, max_concurrency=1, outage=0)

    assert outcomes(run) == {"ok": 2, "error": 4}
    assert [len(call.attempts) for call in run.calls[3:]] == [3, 3, 3]


@WAYS
def test_a_gateway_whose_server_is_away_is_waited_for_too(strategy: str) -> None:
    """It answers everything with a 502 for a while, the list of models included."""

    def act(server: OutageServer, count: int) -> None:
        if count == 10:
            server.status = b"502 Bad Gateway"
            threading.Timer(0.8, setattr, (server, "status", b"200 OK")).start()

    with outage_server(act) as server:
        endpoint = nb.connect(base_url=server.base_url, verbose=False)
        run = nb.run([f"Q{n}" for n in range(60)], endpoint, strategy=strategy, max_concurrency=8)

    lost = sum(a.error_type == "502" for call in run.calls for a in call.attempts)
    assert outcomes(run) == {"ok": 60}
    assert lost <= 30


@pytest.mark.parametrize(("down", "seed"), in_turn([2.0, 10.0, 30.0], range(3)))
def test_500_calls_lose_little_more_than_the_outage(down: float, seed: int) -> None:
    def serve(away: tuple[float, float] | None) -> tuple[Run, VirtualServer]:
        server = VirtualServer(duration=lambda draw: draw.uniform(0.5, 1.5), away=away, seed=seed)
        return run_ours(500, server, seed=seed, max_concurrency=20), server

    whole, _ = serve(None)
    run, server = serve((5.0, 5.0 + down))

    assert outcomes(run) == {"ok": 500}
    assert not [at for at in server.sent if 5 <= at < 5 + down]
    # One round is lost, and asked again; then a second until somebody looks, another to begin.
    assert run.makespan - whole.makespan - down < 1.5 + 2.0
    assert server.refused_connections <= 10 + 2 * down
    assert max(len(call.attempts) for call in run.calls) <= 4


def test_calls_that_had_begun_keep_their_time_and_the_others_begin_after_it() -> None:
    server = VirtualServer(duration=lambda draw: draw.uniform(0.5, 1.5), away=(5.0, 25.0))

    run = run_ours(200, server, max_concurrency=20, timeout=6)

    late = [call for call in run.calls if call.outcome == "timeout"]
    assert len(late) <= 20
    assert outcomes(run)["ok"] == 200 - len(late)
    for call in late:
        assert 5.9 <= (call.duration or 0) <= 6.5


class TestCriterion:
    def lose(self, outage: Outage, kind: str, *, at: float = 1.0, in_flight: int = 1) -> bool:
        return outage.note_loss(Failure(kind, None, True, "No."), now=at, in_flight=in_flight)

    def test_a_refused_connection_is_enough(self) -> None:
        outage = Outage(60, lambda most: most)

        assert self.lose(outage, "connect")
        assert outage.is_blocking
        assert outage.describe(outage._began + 0.9) == ""
        assert "away for 1 s" in outage.describe(outage._began + 1.1)

    @pytest.mark.parametrize("kind", ["no_reply", "502", "503", "504"])
    def test_of_other_losses_some_in_a_row_are_looked_into(self, kind: str) -> None:
        outage = Outage(60, lambda most: most)
        assert not any(self.lose(outage, kind) for _ in range(MIN_LOST - 1))
        outage.note_reply(0.0)
        for number in range(MIN_LOST):
            assert not outage.is_blocking, number
            assert not self.lose(outage, kind)

        assert outage.is_blocking
        outage.note_probe(1.1, ProbeResult.NO_CONNECTION)
        assert self.lose(outage, kind)

    def test_of_many_in_flight_half_must_be_lost(self) -> None:
        outage = Outage(60, lambda most: most)
        for number in range(40):
            self.lose(outage, "no_reply", in_flight=100 - number)
            assert outage.is_blocking == (number + 1 >= (100 - number) / 2)
            if outage.is_blocking:
                break

    @pytest.mark.parametrize("kind", ["500", "429", "bad_response", "protocol", "deadline"])
    def test_other_failures_are_none(self, kind: str) -> None:
        outage = Outage(60, lambda most: most)

        assert not any(self.lose(outage, kind) for _ in range(99))
        assert not outage.is_blocking

    def test_a_server_that_is_there_is_looked_for_ever_less_often(self) -> None:
        outage, looks = Outage(60, lambda most: most), []
        for number in range(100):
            self.lose(outage, "no_reply")
            if outage.is_blocking:
                looks.append(number)
                outage.note_probe(1.0, ProbeResult.REPLIED)

        assert looks == [1, 5, 13, 29, 61]

    def test_without_a_list_of_models_a_call_shows_it(self) -> None:
        outage, now, tries = Outage(60, lambda most: most), 1.0, []
        for _ in range(MIN_LOST):
            self.lose(outage, "503")
        while not outage.is_too_long(now):
            now += outage.wait(now)
            outage.note_probe(now, ProbeResult.LOST_REPLY)
            if not outage.is_blocking:
                tries.append(now - 1)
                assert self.lose(outage, "503", at=now)

        assert len(tries) <= 6
        assert tries[0] >= 5


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "60", True, None])
def test_what_is_no_time_to_wait_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="outage must be a number from 0"):
        nb.run(["Who?"], outage=value)
