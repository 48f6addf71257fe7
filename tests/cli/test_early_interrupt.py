"""Ctrl-C while the command line is still importing what it needs."""

from __future__ import annotations

import subprocess
import sys

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
