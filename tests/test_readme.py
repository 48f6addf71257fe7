"""What README shows works as it stands there. Its two commands are run by .ci/run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import aiml_nb as nb
from aiml_nb.cli import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_python_session_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    session, others = re.findall(r"```python\n(.*?)```", README, re.S)[:2]
    monkeypatch.chdir(tmp_path)
    fast = "nb.connect(simulate=True, speed=20)"
    names: dict[str, object] = {}

    exec(session.replace("nb.connect()", fast), names)  # noqa: S102  our own text

    assert isinstance(names["run"], nb.Run)
    assert len(names["run"].calls) == 20
    assert (tmp_path / "timeline.png").stat().st_size > 10_000
    assert "nb.connect(base_url=" in others


def test_the_commands_for_many_prompts_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    section = README.partition("## Many prompts")[2].partition("\n## ")[0]
    commands = re.findall(r"^aiml-nb (.*?)(?:  +#.*)?$", section, re.M)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "questions.jsonl").write_text('{"prompt": "Who?", "id": "a"}\n{"prompt": "Why?"}\n')

    capped = "--scenario instant --max-concurrency 1 --max-calls 1"
    codes = [main(shlex.split(f"{commands[0]} {capped}"))]
    # Then the first one again, and the others.
    codes += [main(shlex.split(f"{command} --max-calls 9")) for command in commands]

    assert codes == [3, 0, 0]
    rows = map(json.loads, (tmp_path / "answers.jsonl").read_text().splitlines())
    assert [(row["custom_id"], row["outcome"]) for row in rows] == [
        ("a", "ok"),
        ("call-000002", "ok"),
    ]
    assert len(section.strip().splitlines()) <= 25
    assert "2 of 2 calls are answered" in capsys.readouterr().out


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_file_it_links_to_is_there(document: str) -> None:
    text = (ROOT / document).read_text()

    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / target).exists(), target


def test_the_first_screen_and_the_whole_are_short() -> None:
    assert len(README.splitlines()) <= 162
    assert README.index("```bash") < 1200


def test_both_commands_start_from_nothing_but_python3() -> None:
    commands = re.findall(r"^python3 -m venv .*$", README, re.M)

    assert ["compare" in command for command in commands] == [True, False]
    assert commands[1].endswith("/pytest -n 2 --dist loadfile")


@pytest.mark.slow
def test_one_command_draws_its_pictures(tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "notebooks/images/draw.py", tmp_path]
    subprocess.run(command, check=True, capture_output=True, timeout=120)

    shown = re.findall(r"!\[[^]]*\]\(notebooks/images/([^)]+)\)", README)
    assert shown
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(shown)
