"""Learners do not meet solutions first: Jupyter's list of files leaves them out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..waiting import wait_until
from .lessons import NUMBERED, ROOT


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Jupyter's settings in a fresh environment, after the step that ``binder/postBuild`` takes."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    places = {"PATH": f"{tmp_path / 'env' / 'bin'}:/usr/bin:/bin"}
    subprocess.run([ROOT / "binder" / "hide_solutions.sh"], cwd=tmp_path, env=places, check=True)
    return tmp_path / "env" / "etc" / "jupyter"


def test_the_step_puts_the_settings_where_jupyter_of_that_environment_looks(config: Path) -> None:
    (made,) = config.iterdir()

    assert made.name == "jupyter_config.json"
    assert made.read_bytes() == (ROOT / "binder" / "jupyter_config.json").read_bytes()
    assert "binder/hide_solutions.sh" in (ROOT / "binder" / "postBuild").read_text().split()


@pytest.fixture
def server(tmp_path: Path, config: Path) -> Iterator[dict[str, Any]]:
    """``jupyter lab notebooks``, with what Binder's steps and the teachers' page put in place."""
    program = [sys.executable, "-m", "jupyterlab", "notebooks", "--no-browser", "--allow-root"]
    places = {"JUPYTER_RUNTIME_DIR": str(tmp_path), "JUPYTER_CONFIG_PATH": str(config)}
    with subprocess.Popen(
        [*program, "--ServerApp.port=0"],
        cwd=ROOT,
        env=os.environ | places,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_until(lambda: list(tmp_path.glob("jpserver-*.json")), patience=120, every=0.1)
            (found,) = tmp_path.glob("jpserver-*.json")
            yield wait_until(lambda: json.loads(found.read_text() or "null"))
        finally:
            process.terminate()


def ask(server: dict[str, Any], path: str) -> Any:
    address = f"{server['url']}api/contents/{path}?token={server['token']}"
    with urllib.request.urlopen(address.replace("localhost", "127.0.0.1")) as reply:
        return json.load(reply)


@pytest.mark.slow
def test_the_list_has_lessons_and_no_solutions_and_a_teacher_opens_them(server: Any) -> None:
    listed = {each["name"] for each in ask(server, "")["content"]}

    assert {f"{lesson.name}.ipynb" for lesson in NUMBERED} <= listed
    assert listed.isdisjoint({"solutions", "instructor", "sources"})
    assert ask(server, "solutions/01-sync-and-async.ipynb")["type"] == "notebook"
