"""Functions of the user's own that workers call."""

from __future__ import annotations

import asyncio
import ctypes
import os
import threading
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI

import aiml_nb as nb
from aiml_nb.runner.cluster import link

from ..runner.gated_server import gated_server, refusal
from .dask import DaskProcesses
from .test_runs import QUESTIONS, workers_of


def test_one_that_blocks_or_is_async_is_called_by_workers(dask: DaskProcesses) -> None:
    async def count(item: str) -> tuple[int, int]:
        await asyncio.sleep(0.01)
        return len(item), os.getpid()

    for function in (count, lambda item: (len(item), os.getpid())):
        run = nb.run(["a", "bb", "ccc"], function, cluster=dask.address, journal=False)
        assert [letters for letters, _ in run.results] == [1, 2, 3]
        assert os.getpid() not in {process for _, process in run.results}
        assert workers_of(run).keys() <= {"east", "west"}


def test_its_own_calls_are_recorded_within_the_item(
    dask: DaskProcesses, endpoint: nb.Endpoint
) -> None:
    base_url, key = endpoint.base_url, endpoint.key.reveal()

    async def ask_it(item: str) -> str | None:
        async with AsyncOpenAI(base_url=base_url, api_key=key) as client:
            reply = await client.chat.completions.create(
                model="gpt-4o", messages=[{"role": "user", "content": item}]
            )
        return reply.choices[0].message.content

    run = nb.run(QUESTIONS[:3], ask_it, cluster=dask.address, journal=False)

    for call in run.calls:
        (child,) = call.children
        assert child.text == call.result
        assert call.started is not None
        assert call.started <= child.started <= child.finished <= call.finished  # type: ignore[operator]


def test_what_it_raises_is_judged_as_here(dask: DaskProcesses) -> None:
    with gated_server(chat=lambda body: refusal(429, "slow down")) as server:
        base_url = server.base_url

        def fail(item: str) -> str:
            if item == "a":
                raise ValueError("not that one")
            with OpenAI(base_url=base_url, api_key="x", max_retries=0) as client:
                client.chat.completions.create(model="m", messages=[])
            return item

        here = nb.run(["a", "b"], fail, journal=False)
        run = nb.run(["a", "b"], fail, cluster=dask.address, journal=False)

    assert [call.error_type for call in run.calls] == ["exception", "429"]
    assert [(c.outcome, c.error) for c in run.calls] == [(c.outcome, c.error) for c in here.calls]


def test_one_that_ends_the_program_ends_the_run(dask: DaskProcesses) -> None:
    def leave(item: int) -> int:
        raise SystemExit(3)

    with pytest.raises(SystemExit) as found:
        nb.run([1, 2, 3], leave, cluster=dask.address, journal=False)
    assert found.value.code == 3


def test_what_cannot_be_sent_is_told_before_the_run(dask: DaskProcesses) -> None:
    lock = threading.Lock()
    for how in ({"cluster": dask.address}, {"processes": 1}):
        said = f"cannot be sent to other processes .* or leave {next(iter(how))} out"
        with pytest.raises(TypeError, match=said):
            nb.run([1], lambda item: lock.locked(), journal=False, **how)  # type: ignore[arg-type]


def test_a_value_that_cannot_be_sent_back_is_the_record_of_its_item(dask: DaskProcesses) -> None:
    def make_lock(item: int) -> Any:
        return threading.Lock() if item else 0

    run = nb.run([0, 1], make_lock, cluster=dask.address, journal=False)

    assert [call.outcome for call in run.calls] == ["ok", "error"]
    assert "cannot be sent back" in str(run.calls[1].error)


def test_the_time_of_one_that_never_returns_ends(dask: DaskProcesses) -> None:
    async def wait(item: int) -> int:
        if item:
            await asyncio.get_running_loop().create_future()
        return item

    run = nb.run([0, 1], wait, cluster=dask.address, timeout=0.5, journal=False)

    assert [call.outcome for call in run.calls] == ["ok", "timeout"]


def test_a_function_that_asks_the_simulator_is_marked_as_simulated(endpoint: nb.Endpoint) -> None:
    """In processes that have heard of no simulator before."""
    base_url, key = endpoint.base_url, endpoint.key.reveal()

    def ask_it(item: str) -> str | None:
        with OpenAI(base_url=base_url, api_key=key) as client:
            messages: Any = [{"role": "user", "content": item}]
            reply = client.chat.completions.create(model="gpt-4o", messages=messages)
        return reply.choices[0].message.content

    assert nb.run(["Who?"], ask_it, processes=1, journal=False).simulated


@pytest.mark.slow
def test_one_that_holds_the_interpreter_loses_no_worker(
    dask: DaskProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As what computes in C may do: nothing else runs in the process meanwhile."""
    monkeypatch.setattr(link, "LOST_AFTER", 1.0)

    def hold(item: int) -> int:
        ctypes.PyDLL(None).sleep(item)
        return item

    run = nb.run([3], hold, cluster=dask.address, journal=False)

    assert (run.results, run.notices) == ([3], [])
