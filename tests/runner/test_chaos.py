"""Three calls in ten go wrong, each in another way: nothing is lost, nothing is made twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from aiml_nb.formats.journal_contents import read_lines
from aiml_nb.records import Call
from aiml_nb.runner.execute import execute
from aiml_nb.runner.plan import make_plan
from aiml_nb.runner.retries.retry_policy import Retries

from ..rows import exhaustive, slow
from .conftest import SkippingClock, connect_faulty
from .test_run import read_log

N = 300


@pytest.mark.parametrize("strategy", ["gather", exhaustive("workers"), slow("threads")])
def test_acknowledged_within_journaled_within_sent(strategy: str, tmp_path: Path) -> None:
    endpoint = connect_faulty("chaos", speed=200)
    path = tmp_path / "run.jsonl"
    plan = make_plan(
        [f"Question {n}?" for n in range(N)],
        endpoint,
        strategy=strategy,
        max_concurrency=20,
        stream=True,
        timeout=2000,
        journal=path,
    )

    run = execute(plan, clock=SkippingClock())

    outcomes = Counter(call.outcome for call in run.calls)
    assert sum(outcomes.values()) == N
    assert outcomes["not_started"] == outcomes["cancelled"] == 0
    assert outcomes["ok"] > N * 0.7
    contents = read_lines(path.read_bytes(), path)
    assert set(contents.calls) == {call.custom_id for call in run.calls}
    announced = {
        (call.custom_id, sent["sent"])
        for call in run.calls
        for sent in contents.sent[call.custom_id]
    }
    recorded = {(c.custom_id, attempt.number) for c in run.calls for attempt in c.attempts}
    assert announced == recorded
    seen = Counter(
        request["client_request_id"]
        for request in read_log(endpoint)["requests"]
        if request["number"] is not None
    )
    assert not [name for name, count in seen.items() if count > 1]
    assert set(seen) <= {
        _name(run.run_id, call, a.number) for call in run.calls for a in call.attempts
    }
    assert len(seen) <= Retries(N, 3, SkippingClock()).max_requests
    for call in run.calls:
        answered = [attempt for attempt in call.attempts if attempt.error_type is None]
        assert len(answered) <= 1  # nothing is asked again after an answer


def _name(run_id: str, call: Call, number: int) -> str:
    return f"{run_id}.{call.index}.{number}"
