"""Tables and pictures are the same with pandas 2.2, which Colab has."""

from __future__ import annotations

import os
import subprocess
import tomllib

import pytest

from .kernels.environments import REPOSITORY, Environment, python_of

_PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
_EXTRAS = _PROJECT["optional-dependencies"]
_OTHERS = [
    each
    for each in (
        *_PROJECT["dependencies"],
        *_EXTRAS["excel"],
        *_EXTRAS["parquet"],
        *_EXTRAS["test"],
    )
    if not each.startswith(("pandas", "aiml_nb"))
]
PANDAS_2 = Environment("pandas-2.2", ("pandas==2.2.*", *_OTHERS))
TABLES = (
    "tests/analysis",
    "tests/export",
    "tests/plot",
    "tests/prompts",
    "tests/report",
    "tests/typed",
)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_tables_are_the_same_with_pandas_2_2() -> None:
    command = [python_of(PANDAS_2), "-m", "pytest", "-q", "-p", "no:cacheprovider", *TABLES]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    ran = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout[-5000:]
    assert " passed" in ran.stdout
