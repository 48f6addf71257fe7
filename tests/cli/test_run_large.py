"""``aiml-nb run`` with thousands of prompts: what a developer has, in the memory of the records."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from aiml_nb.cli import main
from aiml_nb.cli.run_prompts import MANY
from aiml_nb.export import answers_files

from ..foreground import foreground
from ..rows import exhaustive, slow
from .test_run import read_results, write_questions
from .typed import aiml_nb

MEANWHILE = "run --journal j.jsonl --results-only --output now.jsonl"
PROGRAM = """
import sys
from aiml_nb.cli import main
code = main(sys.argv[1:])
with open("/proc/self/status") as file:
    print(next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM")))
sys.exit(code)
"""


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    seconds: float
    memory: int


def measure(folder: Path, count: int, *options: str, code: int = 0) -> Cost:
    """Run so many prompts in a process of its own and return what it took."""
    folder.mkdir()
    write_questions(folder, count)
    command = ["run", "--prompts", "q.jsonl", "--scenario", "instant", *options]
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command, "--max-concurrency", "50"],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert done.returncode == code, done.stderr
    return Cost(time.monotonic() - began, int(done.stdout.splitlines()[-1]))


@pytest.mark.timeout(900)  # on a busy machine
@pytest.mark.parametrize(
    ("count", "options"),
    [
        slow(2500, ["--journal", "j.jsonl"]),
        exhaustive(20_000, []),
        exhaustive(20_000, ["--journal", "j.jsonl"]),
        exhaustive(20_000, ["--journal", "j.jsonl", "--output", "o.csv"]),
    ],
)
def test_thousands_of_prompts(count: int, options: list[str], tmp_path: Path) -> None:
    few = measure(tmp_path / "few", 50, *options)
    many = measure(tmp_path / "many", count, *options)

    extra = (many.memory - few.memory) / count
    print(
        f"{options}: {many.seconds:.1f} s, {many.memory / 2**20:.0f} MiB "
        f"(50 prompts: {few.seconds:.1f} s, {few.memory / 2**20:.0f} MiB), {extra:.0f} bytes a call"
    )
    assert extra < 25_000
    if "--journal" in options:
        text = (tmp_path / "many" / "j.jsonl").read_text()
        assert text.count('"timing"') == count
    if "o.csv" not in options:
        results = read_results(tmp_path / "many" / "q-results.jsonl")
        assert len(results) == count
        assert json.dumps(results[-1]["custom_id"]) == f'"mine-{count - 1}"'


@pytest.mark.slow
def test_of_very_many_prompts_the_texts_stay_in_a_journal(tmp_path: Path) -> None:
    measure(tmp_path / "many", MANY + 1, "--max-calls", "3", code=3)

    (journal,) = (tmp_path / "many" / "aiml-nb-journals").iterdir()
    assert journal.read_text().count('"timing"') == 3
    results = read_results(tmp_path / "many" / "q-results.jsonl")
    assert [each["custom_id"] for each in results] == [f"mine-{n}" for n in range(MANY + 1)]
    assert len({each["prompt"] for each in results}) == MANY + 1
    assert sum(bool(each["text"]) for each in results) == 3


def test_more_prompts_than_a_sheet_has_rows_are_refused_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(answers_files, "_MAX_ROWS", 2)
    write_questions(tmp_path, 3)

    assert main(["run", "q.jsonl", "--simulate", "--output", "o.xlsx"]) == 2

    said = capsys.readouterr()
    assert "'o.xlsx' cannot hold the answers to 3 prompts: a sheet of Excel has 2" in said.err
    assert "such as 'o.csv'" in said.err
    assert (said.out, [each.name for each in tmp_path.iterdir()]) == ("", ["q.jsonl"])


@pytest.mark.slow
def test_ctrl_c_writes_no_row_for_each_of_very_many(tmp_path: Path) -> None:
    """Whoever ends a large run does not wait for its results: the journal has them."""
    write_questions(tmp_path, MANY + 1)
    typed = "run q.jsonl --max-concurrency 20 --journal j.jsonl --output o.jsonl"
    with foreground("--speed", 6) as server:
        with subprocess.Popen(
            [sys.executable, "-m", "aiml_nb", *typed.split(), "--base-url", server.base_url],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            server.wait_for(50)
            meanwhile = aiml_nb(*MEANWHILE.split(), cwd=tmp_path)
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            pressed = time.monotonic()
            _, said = process.communicate()
            seconds = time.monotonic() - pressed
        assert server.count_after(pressed + 0.5) == 0
        assert meanwhile.returncode == 3, meanwhile.stderr
        rows = read_results(tmp_path / "now.jsonl")
        assert len(rows) == MANY + 1
        assert sum(each["outcome"] == "ok" for each in rows) >= 30
        (tmp_path / "now.jsonl").unlink()
        assert {each.name for each in tmp_path.iterdir()} == {"q.jsonl", "j.jsonl"}

        answered = int(re.search(r"(\d+) of 10,001 calls are answered", said)[1])  # type: ignore[index]
        command = said.partition("Those so far:  ")[2].splitlines()[0]
        known = aiml_nb(*shlex.split(command)[1:], cwd=tmp_path)
        sent = len(server.sent())
        rows = read_results(tmp_path / "o.jsonl")
        command = next(line for line in said.splitlines() if line.startswith("Go on:"))
        more = aiml_nb(*shlex.split(command)[3:], "--max-calls", str(sent + 5), cwd=tmp_path)

    print(f"{answered} answered, {seconds:.2f} s")
    assert process.returncode == 130
    assert "Traceback" not in said
    assert answered >= 30
    assert known.returncode == 3, known.stderr
    assert f"{answered:,}  ok" in known.stdout
    assert [each["custom_id"] for each in rows] == [f"mine-{n}" for n in range(MANY + 1)]
    assert sum(each["outcome"] == "ok" for each in rows) == answered
    assert all(each["prompt"] for each in rows)
    assert f"Resumed: {answered} of 10,001 calls are answered." in more.stdout


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_very_many_prompts_take_little_memory_each(tmp_path: Path) -> None:
    few = measure(tmp_path / "few", MANY + 1, "--journal", "j.jsonl")
    many = measure(tmp_path / "many", 50_000, "--journal", "j.jsonl")

    extra = (many.memory - few.memory) / (50_000 - MANY)
    print(f"{many.seconds:.1f} s, {many.memory / 2**20:.0f} MiB: {extra:.0f} bytes a prompt")
    assert extra < 1500
    assert len(read_results(tmp_path / "many" / "q-results.jsonl")) == 50_000
