"""Ctrl-C before the first call and after the last."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import aiml_nb.export
from aiml_nb.cli import command_line, main, run_results

HURRY = """
import importlib.abc, sys

class Impatient(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "aiml_nb.runner":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Impatient())
from aiml_nb.cli import main
sys.exit(main(["run", "--simulate", "Hello?"]))
"""


def test_an_interrupt_during_the_imports_is_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HURRY], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 130
    assert done.stderr == "\naiml-nb: interrupted. Nothing was sent.\n"


def test_an_interrupt_while_the_options_are_read_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "last_run", lambda: None)  # other tests' runs
    monkeypatch.setattr(command_line, "_version", lambda: os.kill(os.getpid(), signal.SIGINT))

    assert main(["doctor"]) == 130
    assert capsys.readouterr().err.endswith("aiml-nb: interrupted.\n")


@pytest.mark.parametrize(("presses", "is_large"), [(1, False), (2, False), (1, True)])
def test_an_interrupt_while_the_results_are_written_writes_them_again(
    presses: int,
    is_large: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Unless they are many, or somebody presses Ctrl-C once more."""
    monkeypatch.chdir(tmp_path)
    if is_large:
        monkeypatch.setattr(run_results, "MANY", 1)
    Path("p.txt").write_text("One?\nTwo?\n")
    write, left = aiml_nb.export.to_jsonl, [signal.SIGINT] * presses

    def interrupt(*arguments: object, **options: object) -> object:
        if left:
            os.kill(os.getpid(), left.pop())
        return write(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(aiml_nb.export, "to_jsonl", interrupt)
    typed = ["run", "--prompts", "p.txt", "--simulate", "--scenario", "instant"]
    code = main([*typed, "--output", "r.jsonl", "--journal", "j.jsonl"])

    said = capsys.readouterr().err
    assert code == 130
    assert "2 of 2 calls are answered" in said
    assert "Journal: j.jsonl" in said
    assert "Go on:   aiml-nb run --prompts p.txt" in said
    if is_large or presses > 1:
        assert "Results: not written to r.jsonl yet" in said
        assert {each.name for each in tmp_path.iterdir()} == {"p.txt", "j.jsonl"}
        assert main([*shlex.split(said.partition("Those so far:  ")[2].splitlines()[0])[1:]]) == 0
    else:
        assert "Results: r.jsonl" in said
    assert len(Path("r.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "add --journal FILE"),
        (["--journal", "none.jsonl"], "results from. Name the one that the run wrote."),
        (["--journal", "j.jsonl", "--retry-failed"], "Leave --retry-failed out"),
        (["--journal", "j.jsonl", "p.txt"], "Leave FILE out"),
        (["--journal", "p.txt"], "'p.txt' cannot be read"),
    ],
)
def test_results_that_no_journal_has_are_refused(
    options: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.txt").write_text("One?\n")
    Path("j.jsonl").touch()

    assert main(["run", "--results-only", *options, "--output", "o.jsonl"]) == 2
    assert words in capsys.readouterr().err
    assert not Path("o.jsonl").exists()
