"""The openai client's own tests, run against the simulator.

By hand: start ``aiml-nb simulate --scenario conformance --port 8000``, unpack the source
distribution of openai (``pip download --no-binary openai --no-deps openai``), and type in it
``TEST_API_BASE_URL=http://127.0.0.1:8000/v1 python -m pytest -n 0
tests/api_resources/test_models.py tests/api_resources/chat`` (or the files of `OTHERS`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest

from ...kernels.environments import REPOSITORY, Environment, python_of
from .test_foreground import served

OPENAI = version("openai")
RESOURCES = "tests/api_resources"
SUITE = (f"{RESOURCES}/test_models.py", f"{RESOURCES}/chat")
# Of the other APIs.
OTHERS = tuple(
    f"{RESOURCES}/{name}"
    for name in (
        *("test_responses.py", "responses", "test_completions.py", "test_embeddings.py"),
        *("test_moderations.py", "test_images.py", "audio"),
    )
)
NEEDS = ("pytest>=9", "pytest-asyncio>=1.4", "pytest-xdist", "rich", "inline-snapshot")
OPENAI_SUITE = Environment("openai-suite", (f"openai[aiohttp]=={OPENAI}", *NEEDS))


def find_sources() -> Path:
    """Download and unpack the source distribution of the installed openai, once."""
    folder = REPOSITORY / ".cache" / "simulator" / f"openai-{OPENAI}"
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.unfinished-{os.getpid()}")
        pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet"]
        wanted = ["--no-binary", "openai", "--no-deps", f"openai=={OPENAI}"]
        try:
            subprocess.run([*pip, *wanted, "--dest", unfinished], check=True)
            (archive,) = unfinished.glob("*.tar.gz")
            with tarfile.open(archive) as sources:
                sources.extractall(unfinished, filter="data")
            (unfinished / folder.name).rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def run_suite(files: tuple[str, ...]) -> str:
    """Run these files of the suite; return the last line of what it says."""
    python = python_of(OPENAI_SUITE)
    with served(name="conformance") as (_, base_url):
        done = subprocess.run(
            [python, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider", *files],
            cwd=find_sources(),
            env={**os.environ, "TEST_API_BASE_URL": base_url},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_clients_own_suite_passes():
    """All of it: models, chat completions, stored ones and their messages."""
    last = run_suite(SUITE)

    assert int(re.search(r"(\d+) passed", last)[1]) >= 200
    assert "failed" not in last
    assert "skipped" not in last


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_clients_own_suite_of_the_other_apis_passes():
    """Responses, completions, embeddings, moderations, images, audio."""
    last = run_suite(OTHERS)

    assert int(re.search(r"(\d+) passed", last)[1]) >= 600
    assert "failed" not in last
    assert "4 skipped" in last  # which replace the server, and do so for one transport alone
