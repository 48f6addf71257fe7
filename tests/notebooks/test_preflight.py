"""The pre-flight says whether a class can begin, and if not, why."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .lessons import NOTEBOOKS, NUMBERED, ROOT

PREFLIGHT = NOTEBOOKS / "instructor" / "preflight.py"


def fly(program: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=280,
        check=False,
    )


@pytest.mark.slow
def test_a_script_that_fails_is_named_with_its_error(tmp_path: Path) -> None:
    (tmp_path / "instructor").mkdir()
    (tmp_path / "scripts").mkdir()
    program = shutil.copy(PREFLIGHT, tmp_path / "instructor")
    (tmp_path / "scripts" / "00-good.py").write_text("print('fine')")
    (tmp_path / "scripts" / "01-bad.py").write_text("raise ValueError('no chalk')")

    flown = fly(Path(program))

    assert flown.returncode == 1
    assert "ok    00-good" in flown.stdout
    assert "wrong 01-bad: ValueError: no chalk" in flown.stdout
    assert flown.stdout.splitlines()[-1].startswith("Not ready: 01-bad did not run")
    assert flown.stderr == ""


@pytest.mark.slow
def test_all_scripts_run_and_it_ends_with_ready() -> None:
    flown = fly(PREFLIGHT)

    assert flown.returncode == 0, flown.stdout
    for lesson in NUMBERED:
        assert f"ok    {lesson.name}" in flown.stdout
    assert flown.stdout.splitlines()[-1].startswith("Ready.")
