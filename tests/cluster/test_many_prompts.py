"""Very many prompts that workers send: texts are in the journal alone, as with one process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import aiml_nb as nb
from aiml_nb.cli.run_prompts import MANY
from aiml_nb.records.stored_calls import StoredCall

from ..foreground import foreground
from ..runner.test_keep_texts import count_alive, facts_of
from ..waiting import wait_until
from .dask import DaskProcesses
from .test_runs import workers_of

QUESTIONS = [f"Question {number}?" for number in range(700)]


def test_the_records_are_the_same_and_hold_no_texts(
    dask: DaskProcesses, endpoint: nb.Endpoint, tmp_path: Path
) -> None:
    whole = nb.run(QUESTIONS, endpoint, progress=False)
    before = count_alive()

    run = nb.run(
        QUESTIONS, endpoint, keep_texts=False, journal=tmp_path / "j.jsonl",
        cluster=dask.address, progress=False,
    )  # fmt: skip

    assert count_alive() <= before
    assert all(type(call) is StoredCall for call in run.calls)
    assert [*map(facts_of, run.calls)] == [*map(facts_of, whole.calls)]
    assert workers_of(run).keys() == {"east", "west"}


def test_they_are_resumed(dask: DaskProcesses, endpoint: nb.Endpoint, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    how = {"cluster": dask.address, "keep_texts": False, "progress": False}
    first = nb.run(QUESTIONS, endpoint, journal=path, max_calls=100, **how)
    assert sum(call.outcome == "ok" for call in first.calls) == 100

    run = nb.resume(path, endpoint, max_calls=None, **how)
    more = nb.run([*QUESTIONS, "New?"], endpoint, journal=path, **how)

    for each in (run, more):
        assert all(call.outcome == "ok" and call.text for call in each.calls)
    assert all(type(call) is StoredCall for call in run.calls)
    assert sum(workers_of(run).values()) == 700
    assert [call.prompt for call in more.calls] == [*QUESTIONS, "New?"]
    assert sum(call.from_journal for call in more.calls) == 700


@pytest.mark.slow
def test_a_command_is_interrupted_and_goes_on(tmp_path: Path) -> None:
    lines = [json.dumps({"prompt": f"Question {number}?"}) for number in range(MANY + 1)]
    (tmp_path / "q.jsonl").write_text("\n".join(lines))
    journal = tmp_path / "j.jsonl"
    with foreground("--speed", 20) as server:
        command = [sys.executable, "-m", "aiml_nb", "run", "--prompts", "q.jsonl"]
        command += ["--base-url", server.base_url, "--model", "gpt-4o", "--journal", str(journal)]
        command += ["--output", "results.jsonl", "--processes", "2", "--max-concurrency", "50"]

        def count() -> int:
            return journal.read_bytes().count(b'"timing"') if journal.exists() else 0

        with subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            wait_until(lambda: count() >= 200, patience=60)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=30)
        answered = count()
        assert process.returncode == 130
        assert f"{answered:,} of {MANY + 1:,} calls are answered; 50 were in flight" in said

        more = ["--resume", "--max-calls", str(answered + 100), "--overwrite"]
        done = subprocess.run(
            [*command, *more], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        sent = Counter(each.split(".")[1] for each in server.sent())

    assert done.returncode == 3, done.stderr
    results = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert len(results) == MANY + 1
    assert sum(bool(each["text"]) for each in results) >= answered
    assert sum(times - 1 for times in sent.values()) <= 50
