"""What README shows works as it stands there. Its two commands are run by .ci/run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import aiml_nb as nb

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


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_file_it_links_to_is_there(document: str) -> None:
    text = (ROOT / document).read_text()

    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / target).exists(), target


def test_the_first_screen_and_the_whole_are_short() -> None:
    assert len(README.splitlines()) <= 120
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
