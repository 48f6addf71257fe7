"""Run a script in a process of its own: the patch cannot be undone."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
# tests/kernels/ runs these scripts on other versions of Python, too.
PYTHON = os.environ.get("LOOP_TESTS_PYTHON", sys.executable)


def run_script(code: str, *, timeout: float = 30) -> str:
    """Return what `code` prints; fail if it fails or writes anything to stderr."""
    done = subprocess.run(
        [PYTHON, "-W", "error", "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout
