"""Runs whose calls are sent by workers are like any other run."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import distributed
import pytest
from pydantic import BaseModel

import aiml_nb as nb
from aiml_nb.errors import EndpointError

from ..runner.gated_server import completion, gated_server, refusal
from .dask import DaskProcesses

QUESTIONS = [f"Question {number}?" for number in range(40)]


def workers_of(run: nb.Run) -> Counter[str | None]:
    return Counter(attempt.worker for call in run.calls for attempt in call.attempts)


def ask(dask: DaskProcesses, endpoint: nb.Endpoint, *args: Any, **options: Any) -> nb.Run:
    return nb.run(QUESTIONS, endpoint, *args, cluster=dask.address, progress=False, **options)


class TestCalls:
    def test_each_worker_sends_its_part_and_all_comes_back(
        self, dask: DaskProcesses, endpoint: nb.Endpoint
    ) -> None:
        here = nb.run(QUESTIONS, endpoint, progress=False)

        run = ask(dask, endpoint)

        assert [call.text for call in run.calls] == [call.text for call in here.calls]
        assert {call.outcome for call in run.calls} == {"ok"}
        assert all(call.output_tokens for call in run.calls)
        sent = workers_of(run)
        assert sent.keys() == {"east", "west"}
        assert sum(sent.values()) == 40
        assert min(sent.values()) >= 10

    def test_stamps_are_on_the_clock_of_the_run(
        self, dask: DaskProcesses, endpoint: nb.Endpoint
    ) -> None:
        run = ask(dask, endpoint, stream=True)

        for call in run.calls:
            (attempt,) = call.attempts
            stamps = (call.started, attempt.started, attempt.first_token, attempt.finished)
            assert sorted(stamps) == list(stamps)  # type: ignore[type-var]
            assert call.first_token == attempt.first_token
            assert call.finished == attempt.finished

    def test_a_client_or_a_cluster_is_taken_for_its_address(
        self, dask: DaskProcesses, endpoint: nb.Endpoint
    ) -> None:
        from distributed import Client

        with Client(dask.address, set_as_default=False) as client:
            run = nb.run(QUESTIONS[:4], endpoint, cluster=client, progress=False)

            assert client.status == "running"
        assert {call.outcome for call in run.calls} == {"ok"}

    def test_it_may_be_awaited_and_started(
        self, dask: DaskProcesses, endpoint: nb.Endpoint
    ) -> None:
        async def main() -> tuple[nb.Run, nb.Run]:
            handle = nb.start(QUESTIONS[:4], endpoint, cluster=dask.address)
            return await nb.run_async(QUESTIONS[:4], endpoint, cluster=dask.address), await handle

        for run in asyncio.run(main()):
            assert {call.outcome for call in run.calls} == {"ok"}

    def test_refusals_are_retried_and_failures_recorded(self, dask: DaskProcesses) -> None:
        replies = iter([refusal(503, "busy"), refusal(400, "no such thing")])
        with gated_server(chat=lambda body: next(replies, completion())) as server:
            endpoint = nb.connect(base_url=server.base_url, model="m", verbose=False)
            run = nb.run(
                QUESTIONS[:5], endpoint, cluster=dask.address, max_concurrency=1, progress=False,
                journal=False,
            )  # fmt: skip

        assert [call.outcome for call in run.calls] == ["ok", "error", "ok", "ok", "ok"] or [
            call.outcome for call in run.calls
        ] == ["error", "ok", "ok", "ok", "ok"]
        statuses = sorted(a.status or 0 for call in run.calls for a in call.attempts)
        assert statuses == [200, 200, 200, 200, 400, 503]

    def test_a_wrong_model_is_told_before_anything_else_is_sent(self, dask: DaskProcesses) -> None:
        with gated_server(
            chat=lambda body: refusal(404, "The model `x` does not exist", code="model_not_found")
        ) as server:
            endpoint = nb.connect(base_url=server.base_url, model="x", verbose=False)
            with pytest.raises(EndpointError, match="'x'"):
                nb.run(QUESTIONS, endpoint, cluster=dask.address, progress=False, journal=False)

        assert len(server.chats) == 1

    def test_answers_are_read_as_a_class(self, dask: DaskProcesses) -> None:
        class City(BaseModel):
            city: str

        with gated_server(chat=lambda body: completion('{"city": "Paris"}')) as server:
            endpoint = nb.connect(base_url=server.base_url, model="m", verbose=False)
            run = nb.run(
                QUESTIONS[:3], endpoint, cluster=dask.address, response_format=City,
                progress=False, journal=False,
            )  # fmt: skip

        assert [call.error for call in run.calls] == [None] * 3
        assert run.results == [City(city="Paris")] * 3

    def test_a_journal_is_resumed_by_workers(
        self, dask: DaskProcesses, endpoint: nb.Endpoint, tmp_path: Path
    ) -> None:
        path = tmp_path / "run.jsonl"
        first = ask(dask, endpoint, journal=path, max_calls=15)
        assert sum(call.outcome == "ok" for call in first.calls) == 15

        run = nb.resume(path, endpoint, cluster=dask.address, max_calls=None, progress=False)

        assert {call.outcome for call in run.calls} == {"ok"}
        assert workers_of(run).keys() == {"east", "west"}
        saved = nb.read_saved(path)
        assert isinstance(saved, nb.Run)
        assert [call.text for call in saved.calls] == [call.text for call in run.calls]


class TestReach:
    def test_each_worker_is_reached_directly_where_it_can_be(
        self, dask: DaskProcesses, endpoint: nb.Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from distributed.core import PooledRPCCall

        reached: set[str] = set()
        look_up = PooledRPCCall.__getattr__

        def note(self: Any, key: str) -> Any:
            if key == "run":
                reached.add(self.addr)
            return look_up(self, key)

        monkeypatch.setattr(PooledRPCCall, "__getattr__", note)
        run = ask(dask, endpoint)

        assert workers_of(run).keys() == {"east", "west"}
        assert len(reached) == 2

    def test_through_the_scheduler_where_not(
        self, dask: DaskProcesses, endpoint: nb.Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connect = distributed.core.connect

        async def refuse(address: str, *args: Any, **options: Any) -> Any:
            if address != dask.address:
                raise OSError("no way")
            return await connect(address, *args, **options)

        monkeypatch.setattr(distributed.core, "connect", refuse)
        run = ask(dask, endpoint)

        assert {call.outcome for call in run.calls} == {"ok"}
        assert workers_of(run).keys() == {"east", "west"}
