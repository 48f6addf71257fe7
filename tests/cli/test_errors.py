"""What the command line says to what cannot be done: its own options, never Python's arguments."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from aiml_nb.runner import journal_path

from .typed import CANARY, aiml_nb

# Each command, and below it what it says.
ERRORS = (Path(__file__).parent / "errors.txt").read_text().split("\n\n")


def write_files(folder: Path) -> None:
    """Write what the commands read: prompts, scenarios and journals, good ones and others."""
    files = {
        "q.txt": "One?\nTwo?\n",
        "long.txt": "word " * 400,
        "header.csv": "What is it?\nAnd this?\n",
        "two.csv": "1,What is it?\n2,And this?\n",
        "columns.csv": "number,question\n2,And this?\n",
        "twice.csv": "prompt,prompt\n2,And this?\n",
        "bad.jsonl": '{"prompt": "a", "top_k": 3}\n',
        "own.jsonl": '{"prompt": "One?", "temperature": 1}\n{"prompt": "Two?"}\n',
        "gaps.csv": "question,n\n" + ",1\n" * 6 + "a,1\nb,1\nc,1,d\n",
        "text.xlsx": "a,b\n1,2\n",
        "slow.json": json.dumps({"speed": 0}),
        "near.json": json.dumps({"requests-per-minute": 5}),
        "odd.json": json.dumps({"seed": 1, "odd": 1}),
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "book.csv").write_bytes(b"PK\x03\x04\x14")
    (folder / "latin.txt").write_bytes(b"caf\xe9?\n")
    made = folder / "made.jsonl"
    where = ("--simulate", "--speed", 1000, "--journal", made, "--output", "made-results.jsonl")
    aiml_nb("run", "--prompts", "q.txt", *where, cwd=folder)
    head, sent, *rest = made.read_text().splitlines(keepends=True)
    edited = re.sub(r"\d", "7", sent, count=1)
    (folder / "edited.jsonl").write_text("".join([head, edited, *rest]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("errors")
    write_files(made)
    return made


@pytest.mark.parametrize("written", ERRORS, ids=[each.split("\n")[0][2:] for each in ERRORS])
def test_errors_name_options(
    written: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_path, "JOURNALS", tmp_path)  # none of another test is the newest
    typed, said = written.split("\n", 1)

    ended = aiml_nb(*shlex.split(typed)[2:], cwd=folder, SOME_KEY=CANARY)

    assert (ended.returncode, ended.stderr.strip()) == (2, said.strip())


def test_the_command_that_was_meant_is_named(folder: Path) -> None:
    ended = aiml_nb("rnu", "q.txt", cwd=folder)

    assert ended.returncode == 2
    assert re.search(r"invalid choice: 'rnu' .*\. Did you mean run\?$", ended.stderr)


def test_an_unknown_scenario_is_answered_with_all(folder: Path) -> None:
    ended = aiml_nb("simulate", "--scenario", "nope", cwd=folder)

    assert re.match("aiml-nb: error: --scenario must be one of 'faq',.*not 'nope'", ended.stderr)


def test_settings_in_a_file_are_no_options(folder: Path) -> None:
    ended = aiml_nb("simulate", "--scenario", "odd.json", cwd=folder)

    assert "'odd' is not a setting of the simulator" in ended.stderr
    assert "requests_per_minute" in ended.stderr


def test_notices_name_options_here_and_arguments_in_the_journal(tmp_path: Path) -> None:
    """While the run goes on, after it, and what stopped it; the journal is read in Python, too."""
    (tmp_path / "q.txt").write_text("One?\nTwo?\nThree?\n")
    (tmp_path / "failing.json").write_text(json.dumps({"fault_shares": {"500": 1}}))
    place = ("--simulate", "--speed", 1000, "--scenario", "failing.json", "--journal", "j.jsonl")

    ended = aiml_nb(
        *("run", "--prompts", "q.txt", *place, "--max-calls", 3, "--retry-share", 0),
        *("--max-attempts", 2, "--max-concurrency", 1, "--outage", 0),
        cwd=tmp_path,
    )

    footer = (tmp_path / "j.jsonl").read_text().splitlines()[-1]
    assert re.search("stopped: .*--(max-calls 3|outage 0)", ended.stdout), ended
    assert re.search("(max_calls=3|outage=0)", footer)
    assert "max_calls" not in ended.stdout + ended.stderr
