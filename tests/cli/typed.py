"""``aiml-nb`` as users type it, without a process of its own for each time: one starts slowly."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from aiml_nb.cli import main

CANARY = "canary-0123456789abcdef"
PROGRAM = [sys.executable, "-m", "aiml_nb"]


def aiml_nb(*arguments: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run ``aiml-nb`` in this process: in a folder, with more in the environment."""
    typed = [str(each) for each in arguments]
    said, errors = _Pipe(), _Pipe()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(errors):
        patch.chdir(cwd)
        for name, value in environ.items():
            patch.setenv(name, value)
        try:
            code = main(typed)
        except SystemExit as ended:  # how argparse refuses
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(typed, code, said.read_all(), errors.read_all())


class _Pipe(io.TextIOWrapper):
    """What is written to a file that is no terminal."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def read_all(self) -> str:
        """Return all that was written."""
        self.seek(0)
        return self.read()
