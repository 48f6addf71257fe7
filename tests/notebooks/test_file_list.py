"""Learners do not meet solutions first: Jupyter's list of files leaves them out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..waiting import wait_until
from .lessons import NUMBERED, ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """``jupyter lab notebooks``, with what Binder's steps and the teachers' page put in place."""
    program = [sys.executable, "-m", "jupyterlab", "notebooks", "--no-browser", "--allow-root"]
    shutil.copy(ROOT / "binder" / "jupyter_config.json", tmp_path)
    places = {"JUPYTER_RUNTIME_DIR": str(tmp_path), "JUPYTER_CONFIG_PATH": str(tmp_path)}
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


def test_the_list_has_lessons_and_no_solutions_and_a_teacher_opens_them(server: Any) -> None:
    listed = {each["name"] for each in ask(server, "")["content"]}

    assert {f"{lesson.name}.ipynb" for lesson in NUMBERED} <= listed
    assert listed.isdisjoint({"solutions", "instructor", "sources"})
    assert ask(server, "solutions/01-sync-and-async.ipynb")["type"] == "notebook"
