"""The scripts of tests/loop/ on the other versions of Python."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ..rows import exhaustive
from .conftest import ALIKE, built
from .environments import MATRIX, REPOSITORY, Environment, python_of

pytestmark = [pytest.mark.kernel, pytest.mark.slow]
OTHERS = [
    exhaustive(known) if known.name in ALIKE else known
    for known in MATRIX
    if known.python and known.name != "colab"
]


@pytest.mark.parametrize("known", OTHERS, ids=str)
def test_the_patch_keeps_its_promises_on_other_pythons(known: Environment) -> None:
    files = [
        REPOSITORY / "tests" / "loop" / f"test_{name}.py" for name in ("patch", "browser", "stop")
    ]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        env={**os.environ, "LOOP_TESTS_PYTHON": str(python_of(built(known)))},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
