"""The openai client's own tests pass while they are watched."""

from __future__ import annotations

import os
import subprocess

import pytest

from ..kernels.environments import REPOSITORY, python_of
from ..simulator.http.test_foreground import served
from ..simulator.http.test_openai_suite import OPENAI_SUITE, SUITE, find_sources

READING = ("streaming", "sse_framing", "response", "legacy_response", "stream_mode")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_clients_own_suite_passes_under_a_watch() -> None:
    files = [*SUITE, *(f"tests/test_{name}.py" for name in READING)]
    options = ["-n", "0", "-q", "-p", "no:cacheprovider", "-p", "suite_plugin", "--durations", "0"]
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "tests" / "watch")])
    with served(name="conformance") as (_, base_url):
        done = subprocess.run(
            [python_of(OPENAI_SUITE), "-m", "pytest", *options, *files],
            cwd=find_sources(),
            env={**os.environ, "TEST_API_BASE_URL": base_url, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    lines = done.stdout.strip().splitlines()
    assert done.returncode == 0, done.stdout[-3000:]
    (told,) = (line for line in lines if line.startswith("watched: "))
    calls, notices = told.removeprefix("watched: ").split(" calls, ")
    assert int(calls) >= 180
    assert notices == "[]"
