"""What workers sent is shown with their names: in pictures, tables and files, once resumed, too."""

from __future__ import annotations

import json
from pathlib import Path

import aiml_nb as nb
from aiml_nb.analysis.workers import parts, workers

from ..plot.test_bands import names
from .dask import DaskProcesses

QUESTIONS = [f"Question {number}?" for number in range(12)]


def test_a_run_of_two_workers_and_what_is_saved_of_it(
    dask: DaskProcesses, endpoint: nb.Endpoint, tmp_path: Path
) -> None:
    path = tmp_path / "run.jsonl"
    first = nb.run(
        QUESTIONS, endpoint, cluster=dask.address, journal=path, max_calls=7, progress=False
    )
    sent_first = {call.index: call.worker for call in first.calls if call.outcome == "ok"}

    run = nb.resume(path, endpoint, cluster=dask.address, max_calls=None, progress=False)
    nb.to_jsonl(run, tmp_path / "rows.jsonl")
    nb.to_chrome_trace(run, tmp_path / "trace.json")

    assert set(sent_first.values()) == {"east", "west"} == set(workers(run))
    assert {call.index: call.worker for call in run.calls}.items() >= sent_first.items()
    for shown in (run, nb.read_saved(path), nb.read_saved(tmp_path / "rows.jsonl")):
        assert isinstance(shown, nb.Run)
        assert [call.worker for call in shown.calls] == [call.worker for call in run.calls]
        assert shown.summary()["workers"].tolist() == [2]
        assert names(nb.plot_timeline(shown).axes[0]) == ["worker east", "worker west"]
        assert len(parts(shown)) == 12
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    processes = [e["args"]["name"] for e in events if e["name"] == "process_name"]
    assert [name.partition(": ")[2] for name in processes] == ["", "worker east", "worker west"]
