"""The pre-flight says whether a class can begin, and if not, why."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from .lessons import NOTEBOOKS, NUMBERED, ROOT

PREFLIGHT = NOTEBOOKS / "instructor" / "preflight.py"
# A Python that finds no package of anybody's.
BARE = (getattr(sys, "_base_executable", sys.executable), "-I", "-S")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def fly(program: Path, *python: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*(python or (sys.executable,)), str(program)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        timeout=380,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder like the project's, with two scripts, one of which fails."""
    lessons = tmp_path / "notebooks"
    (lessons / "instructor").mkdir(parents=True)
    (lessons / "scripts").mkdir()
    shutil.copy(PREFLIGHT, lessons / "instructor")
    nbformat.write(nbformat.v4.new_notebook(), lessons / "00-good.ipynb")
    (lessons / "scripts" / "00-good.py").write_text("print('fine')")
    (lessons / "scripts" / "01-bad.py").write_text("raise ValueError('no chalk')")
    return tmp_path


def test_what_fails_is_named_with_its_error(project: Path) -> None:
    flown = fly(project / "notebooks" / "instructor" / "preflight.py")
    lines = flown.stdout.splitlines()

    assert flown.returncode == 1, flown.stdout
    assert any(line.split()[:2] == ["ok", "00-good"] for line in lines)
    assert any("wrong 01-bad" in line and "ValueError: no chalk" in line for line in lines)
    assert lines[-1].startswith("Not ready")
    assert "00-good.ipynb" in next(line for line in lines if "front end" in line)
    assert flown.stderr == ""


def test_a_server_that_does_not_listen_yet_is_waited_for(tmp_path: Path) -> None:
    where = runpy.run_path(str(PREFLIGHT))["_where_it_answers"]
    assert where(tmp_path) is None
    written = tmp_path / "jpserver-1.json"
    written.write_text("")
    assert where(tmp_path) is None
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        place = {"port": server.getsockname()[1]}
        written.write_text(json.dumps(place))
        assert where(tmp_path) is None
        server.listen()
        assert where(tmp_path) == place


def test_another_python_goes_on_in_the_projects_own_environment(project: Path) -> None:
    (project / ".venv").symlink_to(sys.prefix)
    flown = fly(project / "notebooks" / "instructor" / "preflight.py", *BARE)

    own = project / ".venv" / "bin" / "python"
    assert f"note  interpreter  {BARE[0]} has no aiml_nb; going on with {own}" in flown.stdout
    assert "ok    00-good" in flown.stdout


def test_without_an_environment_it_says_what_to_type(project: Path) -> None:
    flown = fly(project / "notebooks" / "instructor" / "preflight.py", *BARE)

    assert flown.returncode == 1
    assert f"wrong interpreter  {BARE[0]} (Python" in flown.stdout
    assert "python3 -m venv .venv && .venv/bin/pip install -e '.[lab]'" in flown.stdout
    assert flown.stderr == ""


def test_a_kernel_of_another_python_is_told(project: Path) -> None:
    spec = project / "jupyter" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    other = project / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", other], check=True)
    packages = next((other / "lib").glob("python*/site-packages"))
    (here,) = {path for path in sys.path if path.endswith("site-packages")}
    (packages / "ours.pth").write_text(f"{here}\n")
    spec.write_text(
        f'{{"argv": ["{other}/bin/python", "-m", "ipykernel_launcher", "-f", '
        '"{connection_file}"], "display_name": "other", "language": "python"}'
    )
    variables = {"JUPYTER_PATH": str(project / "jupyter"), "JUPYTER_PREFER_ENV_PATH": "0"}
    flown = fly(project / "notebooks" / "instructor" / "preflight.py", **variables)

    assert f"wrong a kernel     the kernel 'python3' is that of {other}" in flown.stdout
    assert flown.returncode == 1


def test_everything_runs_and_it_ends_with_ready() -> None:
    flown = fly(PREFLIGHT)

    assert flown.returncode == 0, flown.stdout
    for subject in ("interpreter", "a kernel", "a widget", "front end"):
        assert f"\nok    {subject:12} " in f"\n{flown.stdout}"
    for lesson in NUMBERED:
        assert f"ok    {lesson.name}" in flown.stdout
    assert flown.stdout.splitlines()[-1].startswith("Ready.")
