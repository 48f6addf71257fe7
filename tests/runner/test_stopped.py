"""A run that somebody stops says how many answers are kept, and how to go on."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.records import Run
from aiml_nb.runner.stopped import describe_stopped

from ..analysis.builders import call, make_run, timed


def pressing(at: int) -> Any:
    """Return a function that presses Ctrl-C as it is called for the `at`-th time."""
    calls: list[int] = []

    def work(item: int) -> int:
        calls.append(item)
        if len(calls) == at:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)
        return item

    return work


@pytest.mark.parametrize("journal", [None, "j.jsonl"])
def test_at_a_prompt_it_is_said_what_is_kept(
    journal: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)

    with pytest.raises(KeyboardInterrupt):
        nb.run([1, 2, 3, 4], pressing(3), strategy="sequential", journal=journal)

    said = capsys.readouterr().out
    assert "Stopped. 2 of 4 calls are answered and kept: nb.last_run() has them" in said
    kept = nb.last_run()
    assert kept is not None
    assert [each.outcome for each in kept.calls[:2]] == ["ok", "ok"]
    if journal:
        assert "Go on: nb.resume('j.jsonl')" in said
        assert nb.resume("j.jsonl", pressing(0)).results == [1, 2, 3, 4]
    else:
        assert "journal='run.jsonl'" in said


def test_in_a_script_the_traceback_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        nb.run([1, 2, 3, 4], pressing(2), strategy="sequential")

    assert "Stopped" not in capsys.readouterr().out


def test_one_answer_is_one() -> None:
    run = make_run(*timed((0, 1)), call(outcome="not_started"))

    assert describe_stopped(run).startswith("Stopped. 1 of 2 calls is answered and kept")


def ended(*outcomes: Any, **fields: Any) -> Run:
    return make_run(*(call(0, 1, outcome=outcome) for outcome in outcomes), **fields)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (ended("ok", "ok", journal="j.jsonl"), []),
        (ended("ok", "error"), []),
        (
            ended("ok", "error", "timeout", journal="j.jsonl"),
            ["2 calls failed. Ask again: nb.resume('j.jsonl', retry_failed=True)"],
        ),
        (
            ended("ok", "cancelled", "not_started", journal="j.jsonl"),
            ["2 calls left. Go on: nb.resume('j.jsonl')"],
        ),
        (
            ended("cancelled", "error", journal="j.jsonl"),
            [
                "1 call left. Go on: nb.resume('j.jsonl')",
                "1 call failed. Ask again: nb.resume('j.jsonl', retry_failed=True)",
            ],
        ),
    ],
)
def test_a_notebook_shows_what_to_type_next(run: Run, said: list[str]) -> None:
    shown = run._repr_mimebundle_()

    for line in said:
        assert line in shown["text/plain"]
        assert line.replace("'", "&#x27;") in shown["text/html"]
    if not said:
        assert "nb.resume" not in shown["text/plain"]
