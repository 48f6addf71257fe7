"""The guard around the client's HTTP."""

from __future__ import annotations

import resource
import time

import pytest

import aiml_nb as nb
from aiml_nb.transport import is_loopback

from .runner.conftest import connect_faulty


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:80/v1", "http://localhost", "http://[::1]:8/v1", "http://127.9.9.9"],
)
def test_this_machine_is_known_by_its_names(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.aimlapi.com",
        "http://127.0.0.1.example.org",
        "http://0.0.0.0",
        "http://evil.localhost",
        "http://[::2]",
    ],
)
def test_other_machines_are_not_this_one(url: str) -> None:
    assert not is_loopback(url)


@pytest.mark.parametrize("strategy", ["sequential", "gather"])
@pytest.mark.parametrize(("fault", "stream"), [("huge-body", False), ("huge-line", True)])
def test_a_huge_reply_is_cut_off(strategy: str, fault: str, stream: bool) -> None:
    endpoint = connect_faulty(faults={"*": [fault] * 20})
    nb.run(["Who?"], endpoint, strategy=strategy, stream=stream)  # fills the pools of memory
    before = _peak_memory()

    began = time.perf_counter()
    run = nb.run(["A?", "B?", "C?"], endpoint, strategy=strategy, stream=stream, max_concurrency=1)

    assert {call.error_type for call in run.calls} == {"too_large"}
    assert _peak_memory() - before < 20e6
    assert time.perf_counter() - began < 5


def _peak_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0
