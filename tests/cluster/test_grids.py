"""A grid is a run at each of its endpoints, whose calls workers may send; a comparison is not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import aiml_nb as nb

from ..runner.gated_server import GatedServer, completion, gated_server
from ..waiting import let_pass
from .dask import DaskProcesses
from .test_lost_workers import connect
from .test_runs import workers_of

QUESTIONS = [f"Question {number}?" for number in range(12)]
MODELS = ["one", "other"]


def asked(server: GatedServer) -> Counter[tuple[str, str]]:
    return Counter((body["model"], body["messages"][-1]["content"]) for body in server.chats)


def test_its_calls_are_sent_by_all_workers_with_one_limit_and_one_journal(
    dask: DaskProcesses, tmp_path: Path
) -> None:
    def answer(body: object) -> tuple[int, bytes]:
        let_pass(0.02)
        return completion()

    with gated_server(chat=answer) as server:
        how = {"cluster": dask.address, "max_concurrency": 3, "journal": tmp_path / "j.jsonl"}
        first = nb.grid(QUESTIONS, connect(server), model=MODELS, max_calls=10, **how)
        made = nb.grid(QUESTIONS, connect(server), model=MODELS, **how)

    assert set(asked(server).values()) == {1}
    assert len(asked(server)) == 24
    assert sum(call.outcome == "ok" for run in first.runs.values() for call in run.calls) == 10
    assert [len(run.calls) for run in made.runs.values()] == [12, 12]
    calls = [call for run in made.runs.values() for call in run.calls]
    assert {call.outcome for call in calls} == {"ok"}
    assert {call.worker for call in calls if not call.from_journal} == {"east", "west"}
    spans = [(c.started, c.finished) for run in first.runs.values() for c in run.calls]
    sent = [(began, ended) for began, ended in spans if began is not None and ended is not None]
    assert max(sum(b <= at < e for b, e in sent) for at, _ in sent) <= 3


@pytest.mark.slow
def test_each_endpoint_has_processes_of_its_own(endpoint: nb.Endpoint) -> None:
    with gated_server() as server:
        made = nb.grid(
            QUESTIONS[:4], {"a": endpoint, "b": connect(server)}, processes=1, journal=False
        )

    assert {name: workers_of(run) for name, run in made.runs.items()} == {
        "a": {"1": 4},
        "b": {"1": 4},
    }


@pytest.mark.parametrize("name", ["cluster", "processes"])
def test_a_comparison_says_that_it_sends_by_itself(name: str, endpoint: nb.Endpoint) -> None:
    for targets in (endpoint, [endpoint, nb.connect(seed=8, verbose=False)]):
        with pytest.raises(ValueError, match=f"{name} is for run.* Leave {name} out, or"):
            nb.compare(["Who?"], targets, **{name: 2})  # type: ignore[arg-type]


def test_a_prompts_own_column_of_that_name_is_a_column(endpoint: nb.Endpoint) -> None:
    with pytest.raises(TypeError, match=r"'cluster', .* If it is a column of your own"):
        nb.run([{"prompt": "Who?", "cluster": 3}], endpoint)
