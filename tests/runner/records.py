"""Records of calls as a run leaves them, written by hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from aiml_nb.formats.journal import header
from aiml_nb.formats.journal_head import head_lines
from aiml_nb.records import Attempt, Call, Run
from aiml_nb.runner.journal import Journal


def make_run(*texts: str) -> Run:
    """Return a run in which each call was answered by one of `texts`."""
    calls = [
        Call(
            index=index,
            custom_id=f"call-{index + 1:06d}",
            prompt="Who?",
            submitted=0.0,
            started=0.1,
            finished=0.5,
            outcome="ok",
            text=text,
            finish_reason="stop",
            model="m",
            input_tokens=3,
            output_tokens=4,
            attempts=[Attempt(number=1, started=0.1, finished=0.5, status=200)],
        )
        for index, text in enumerate(texts)
    ]
    return Run(
        run_id="0123456789ab",
        strategy="gather",
        max_concurrency=2,
        stream=False,
        model="m",
        base_url="http://127.0.0.1:9/v1",
        simulated=False,
        started_at=1000.0,
        calls=calls,
    )


def write_journal(path: Path, run: Run, *, finished: int | None = None) -> None:
    """Write the journal of `run`, cut off after so many finished calls; None writes its end too."""
    journal = Journal.create(path, head_lines(make_head(run)))
    for call in run.calls[:finished]:
        journal.note_sent(call, call.attempts[0], f"{run.run_id}.{call.index}.1")
        journal.note_finished(call)
    if finished is None:
        journal.close(run)
    else:
        journal.close_without_writing()


def make_head(run: Run) -> dict[str, Any]:
    """Return the first line of a journal as a run writes it."""
    question = [{"role": "user", "content": "Who?"}]
    return header(
        run, prompts=[{"custom_id": call.custom_id, "messages": question} for call in run.calls]
    )


def count_writes() -> int:
    """Return how many times this process has asked the system to write."""
    with open(f"/proc/{os.getpid()}/io") as file:
        numbers = dict(line.split(": ") for line in file)
    return int(numbers["syscw"])
