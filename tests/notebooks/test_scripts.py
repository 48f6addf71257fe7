"""Each lesson's script runs outside Jupyter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .lessons import NUMBERED, Lesson
from .test_run_all import on


# The preflight runs all of them.
@on(NUMBERED, elsewhere=[lesson.name for lesson in NUMBERED])
def test_the_script_runs(lesson: Lesson, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(lesson.script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    # Where there is no bar, what holds a run up is a line of its own.
    said = [line for line in ran.stderr.splitlines() if not line.startswith("aiml_nb: paused for ")]
    assert (ran.returncode, said) == (0, [])
    assert "simulat" in ran.stdout


@pytest.mark.parametrize("lesson", NUMBERED, ids=str)
def test_the_script_is_short(lesson: Lesson) -> None:
    assert len(lesson.script.read_text().splitlines()) <= 60
