"""``aiml-nb compare`` as users type it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .typed import CANARY, PROGRAM, aiml_nb


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The base URL of ``aiml-nb simulate`` in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "aiml_nb", "simulate", "--port", "0", "--speed", "20"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def test_the_faq_prints_finding_and_table_and_writes_the_timeline(tmp_path: Path) -> None:
    """In a process of its own, from its start to its end."""
    command = [*PROGRAM, "compare", "--simulate", "--speed", "10", "--json", "out.json"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, cwd=tmp_path
    )

    assert (done.returncode, done.stderr) == (0, "")
    data = json.loads((tmp_path / "out.json").read_text())
    assert data["finding"] in done.stdout
    assert "5 most famous" in done.stdout
    assert (tmp_path / "aiml-nb-timeline.png").read_bytes().startswith(b"\x89PNG")
    assert (data["version"], data["simulated"], data["seed"]) == (1, True, 0)
    for side, order in (("sync", [0, 1]), ("concurrent", [1, 0])):
        calls = sorted(data[side]["calls"], key=lambda call: call["finished"])
        assert [call["index"] for call in calls] == order


def test_a_server_is_asked_the_given_questions_with_the_key(server: str, tmp_path: Path) -> None:
    done = aiml_nb(
        "compare", "Who?", "Why?", "--base-url", server, "--stream", "--json", "out.json",
        cwd=tmp_path, AIML_API_KEY=CANARY,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    text = (tmp_path / "out.json").read_text()
    data = json.loads(text)
    assert [call["prompt"] for call in data["sync"]["calls"]] == ["Who?", "Why?"]
    for side in ("sync", "concurrent"):
        assert all(call["first_token"] for call in data[side]["calls"])
    assert CANARY not in done.stdout + text


def test_a_failed_call_makes_exit_code_3_and_the_rest_completes(tmp_path: Path) -> None:
    done = aiml_nb(
        "compare", "A?", "B?", "C?", "--scenario", "one-fails", "--speed", 20, "--json", "out.json",
        cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == 3
    assert "Not like for like: 1 failed (400)" in done.stdout
    assert "\nfailed (400): " in done.stdout
    data = json.loads((tmp_path / "out.json").read_text())
    outcomes = [call["outcome"] for side in ("sync", "concurrent") for call in data[side]["calls"]]
    assert sorted(outcomes) == ["error"] + ["ok"] * 5


def test_prompts_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "questions.txt").write_text("Who?\nWhy?\nWhen?\n")

    done = aiml_nb(
        "compare", "--prompts", "questions.txt", "--speed", 50, "--strategy", "workers",
        "--max-concurrency", 2, "--repeats", 2, "--json", "out.json", "--png", "picture.png",
        cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    data = json.loads((tmp_path / "out.json").read_text())
    assert len(data["pairs"]) == 2
    assert data["concurrent"]["strategy"] == "workers"
    assert (tmp_path / "picture.png").exists()


BAD_INPUT = {
    "an unknown strategy": (["--strategy", "parallel"], "not 'parallel'"),
    "no slot": (["--max-concurrency", "0"], "not 0"),
    "an empty prompt": ([""], "Prompt 1 is empty"),
    "prompts given twice": (["Who?", "--prompts", "x.jsonl"], "not both"),
    "a missing file": (["--prompts", "nowhere.jsonl"], "nowhere.jsonl"),
    "a malformed address": (["--base-url", "nonsense"], "'nonsense' is not an http"),
    "an address with a secret": (["--base-url", f"https://me:{CANARY}@example.org"], "password"),
    "a server and the simulator": (
        ["--base-url", "http://127.0.0.1:1/v1", "--simulate"],
        "contradict",
    ),
    "nobody there": (["--base-url", "http://127.0.0.1:1/v1"], "No model server answered"),
    "an unknown model": (["--simulate", "--model", "gpt-4oo"], "no model 'gpt-4oo'"),
    "an unknown scenario": (["--scenario", "x"], "'faq'"),
    "a speed of zero": (["--speed", "0"], "speed"),
    "no key for the host": (["--base-url", "https://example.org/v1"], "--api-key-env"),
    "an empty address": (["--base-url", ""], "--base-url must be text"),
    "one file for two": (["--json", "x", "--png", "x"], "one file"),
    "the other side's strategy": (["--strategy", "sequential"], "compared with 'sequential'"),
    "an unset key variable": (["--api-key-env", "NO_SUCH_KEY"], "NO_SUCH_KEY"),
    "a folder that cannot be written": (["--png", "/proc/picture.png"], "--png FILE"),
    "a folder in place of a file": (["--json", "."], "--json FILE"),
    "a folder that is not there": (["--png", "no/where.png"], "--png FILE"),
}


@pytest.mark.parametrize(
    "typed",
    [
        ["--api-key", CANARY],
        [f"--api-key={CANARY}"],
        ["--api-key-env", CANARY],
        ["--key", CANARY],
        [f"--secret={CANARY}"],
        [f"--tok={CANARY}"],
        [f"--api={CANARY}"],
        [f"--speed=sk-{CANARY}"],
        ["--seed", f"sk-{CANARY}"],
    ],
    ids=str,
)
@pytest.mark.parametrize("command", ["compare", "run", "doctor"])
def test_a_key_that_is_typed_is_not_shown(command: str, typed: list[str], tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("Who?")
    prompts = ["--prompts", "q.txt"] if command == "run" else []

    done = aiml_nb(command, *prompts, *typed, cwd=tmp_path)

    assert done.returncode == 2
    assert CANARY not in done.stdout + done.stderr
    if "--api-key" in typed[0] and command != "doctor":
        assert "--api-key-env MY_API_KEY" in done.stderr


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_gets_one_sentence_and_exit_code_2(name: str, tmp_path: Path) -> None:
    arguments, said = BAD_INPUT[name]

    done = aiml_nb("compare", *arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert CANARY not in done.stdout + done.stderr
    assert not re.search(r"\b[a-z_]+=|\b(max|base)_[a-z]|\w\(|True|ssl:", done.stderr)
    assert done.stdout == "" or name in {"nobody there", "an unknown model"}
    assert list(tmp_path.iterdir()) == []


def test_each_row_of_a_table_is_asked_what_a_template_says(tmp_path: Path) -> None:
    (tmp_path / "reviews.csv").write_text("id,review\n1,\n2,good\n3,bad\n")
    command = ("compare", "--prompts", "reviews.csv", "--prompt", "Is it {review}?", "--simulate")

    refused = aiml_nb(*command, cwd=tmp_path)
    done = aiml_nb(*command, "--speed", "50", "--on-bad", "skip", "--json", "o.json", cwd=tmp_path)

    assert refused.returncode == 2
    assert "'review' empty in line 2" in refused.stderr
    assert "--on-bad skip" in refused.stderr
    assert done.returncode == 0
    assert "1 of 3 rows are passed over" in done.stderr
    prompts = [
        call["prompt"] for call in json.loads((tmp_path / "o.json").read_text())["sync"]["calls"]
    ]
    assert prompts[1:] == ["Is it good?", "Is it bad?"]


@pytest.mark.slow
def test_a_reader_that_stops_reading_loses_no_file(tmp_path: Path) -> None:
    compare = f"{sys.executable} -u -m aiml_nb compare --simulate --speed 50 --json o.json"
    command = f"set -o pipefail; {compare} | head -c 1"
    done = subprocess.run(
        ["bash", "-c", command], check=True, capture_output=True, text=True, cwd=tmp_path
    )

    assert done.stderr == ""
    assert (tmp_path / "o.json").stat().st_size > 1000
    assert (tmp_path / "aiml-nb-timeline.png").exists()


def test_a_key_with_a_line_break_is_refused_unseen(tmp_path: Path) -> None:
    done = aiml_nb("compare", cwd=tmp_path, AIML_API_KEY=f"{CANARY}\nand more")

    assert done.returncode == 2
    assert "line break" in done.stderr
    assert CANARY not in done.stdout + done.stderr
