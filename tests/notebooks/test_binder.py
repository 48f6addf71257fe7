"""A Binder would open the lessons: its Dockerfile, its environment and the links to it.

Nothing is built with Docker here. repo2docker says which steps it would take, and the steps of
``binder/`` are taken in a fresh environment with the packages of Binder's base image.
"""

from __future__ import annotations

import importlib.util
import os
import re
import runpy
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
from packaging.requirements import Requirement

from tests.kernels.environments import PythonNotFoundError, find_python

from .lessons import ROOT

BINDER = ROOT / "binder"
ADDRESS = (BINDER / "repository.txt").read_text().strip()
PAGES = [ROOT / "README.md", *sorted((ROOT / "notebooks" / "instructor").glob("*.md"))]
# What of the base image a lesson runs on.
BASE = (
    "ipykernel",
    "ipython",
    "ipywidgets",
    "jupyter_client",
    "jupyterlab",
    "nbclient",
    "notebook",
)


def in_git() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(listed.stdout.splitlines())


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Binder would clone: the files in git, as they are now."""
    folder = tmp_path_factory.mktemp("binder") / "checkout"
    for name in in_git():
        if (ROOT / name).exists():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    return folder


def test_the_dockerfile_takes_the_steps_in_the_right_order(checkout: Path) -> None:
    program = [sys.executable, "-m", "repo2docker", "--no-build", "--debug"]
    ran = subprocess.run(
        [*program, "--Repo2Docker.default_buildpack=None", "."],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    output = ran.stdout + ran.stderr

    assert ran.returncode == 0, output
    assert "python=3.12" in output
    assert "environment.py-3.12" in output.replace("-2d", "-").replace("-2e", ".")
    packages = output.index('pip install --no-cache-dir -r "binder/requirements.txt"')
    assert (
        packages < output.index("COPY --chown=0:0 src/ ") < output.index("RUN ./binder/postBuild")
    )


class TestFiles:
    def test_python_is_named(self) -> None:
        assert (BINDER / "runtime.txt").read_text() == "python-3.12\n"

    def test_every_dependency_is_there_once_and_within_our_range(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        ours = {need.name: need for need in map(Requirement, project["dependencies"])}
        lines = (BINDER / "requirements.txt").read_text().splitlines()
        theirs = [Requirement(line.partition("  #")[0]) for line in lines if line[0] != "#"]

        assert len({need.name for need in theirs}) == len(theirs)
        assert set(ours) <= {need.name for need in theirs}
        for need in theirs:
            if need.name not in ours:
                continue
            assert need.extras == ours[need.name].extras
            for pin in need.specifier:
                assert pin.operator in {"==", ">="}
                assert ours[need.name].specifier.contains(pin.version), str(need)

    def test_requirements_hold_nothing_of_ours(self) -> None:
        text = (BINDER / "requirements.txt").read_text()

        assert "-e" not in re.sub(r"#.*", "", text).split()
        assert "aiml" not in text
        assert not (BINDER / "environment.yml").exists()

    def test_post_build_stops_at_the_first_error(self) -> None:
        post_build = BINDER / "postBuild"

        assert post_build.read_text().startswith("#!/bin/bash\nset -euo pipefail\n")
        assert "pip install --no-deps -e ." in post_build.read_text()
        assert post_build.stat().st_mode & 0o111


class TestLinks:
    links = runpy.run_path(str(BINDER / "links.py"))

    def test_every_launch_link_points_at_a_file_in_git(self) -> None:
        files, found = in_git(), 0
        for page in PAGES:
            text = page.read_text()
            for query in re.findall(
                r"https://mybinder\.org/v2/gh/[^\s)?]+\?urlpath=([^\s)]+)", text
            ):
                found += 1
                kind, _, target = re.match(  # type: ignore[union-attr]
                    r"(lab/tree|voila/render)(/)(.+)", unquote(query)
                ).groups()
                assert target in files, (page.name, target, kind)
            for target in re.findall(
                r"https://colab\.research\.google\.com/github/[\w.-]+/[\w.-]+/blob/main/([^\s)]+)",
                text,
            ):
                found += 1
                assert target in files, (page.name, target)
        assert found >= 2

    def test_every_link_carries_the_address_that_is_set_in_one_place(self) -> None:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", ADDRESS)
        for page in PAGES:
            for _, address in self.links["LINK"].findall(page.read_text()):
                assert address == ADDRESS, page.name

    def test_one_command_writes_a_new_address_into_all_of_them(self, checkout: Path) -> None:
        (checkout / "binder" / "repository.txt").write_text("somebody/course\n")
        program = [sys.executable, "binder/links.py"]
        check = subprocess.run(
            [*program, "--check"], cwd=checkout, capture_output=True, check=False
        )
        subprocess.run(program, cwd=checkout, check=True, capture_output=True)

        readme = (checkout / "README.md").read_text()
        assert check.returncode == 1
        assert "mybinder.org/v2/gh/somebody/course/" in readme
        assert f"gh/{ADDRESS}/" not in readme
        subprocess.run([*program, "--check"], cwd=checkout, check=True)


def base_pins() -> list[str]:
    """Read the versions of the base image out of repo2docker's own list."""
    spec = importlib.util.find_spec("repo2docker")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "buildpacks" / "conda"
    lock = (folder / "environment.py-3.12-linux-64.lock").read_text()
    found = dict(re.findall(r"/([\w.-]+)-(\d[\w.]*)-[^/]+\.conda#", lock))
    return [f"{name}=={found[name]}" for name in BASE]


@pytest.mark.slow
@pytest.mark.kernel
@pytest.mark.timeout(900)
def test_a_lesson_runs_in_the_environment_that_the_steps_make(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        python = find_python("3.12")
    except PythonNotFoundError as error:
        pytest.skip(str(error))
    began = time.perf_counter()
    home = tmp_path / "home"
    subprocess.run([python, "-m", "venv", tmp_path / "env"], check=True, capture_output=True)
    programs = tmp_path / "env" / "bin"
    variables = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PIP_") or name in {"LANG", "SSL_CERT_FILE"}
    }
    variables |= {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(home)}
    variables["PIP_NO_COMPILE"] = "1"  # most of it is never imported here
    home.mkdir()

    def take(*step: str) -> str:
        ran = subprocess.run(
            step, cwd=checkout, env=variables, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    take("pip", "install", "--quiet", *base_pins())
    take("pip", "install", "--quiet", "-r", "binder/requirements.txt")
    take("./binder/postBuild")
    built = time.perf_counter() - began
    size = sum(each.stat().st_size for each in (tmp_path / "env").rglob("*") if each.is_file())
    assert "solutions" in take("jupyter", "server", "--show-config-json")
    take("pip", "check")
    assert "3.12" in take("python", "--version")
    assert str(checkout) in take("python", "-c", "import aiml_nb; print(aiml_nb.__file__)")
    lesson = "notebooks/solutions/01-sync-and-async.ipynb"
    out = take("jupyter", "nbconvert", "--execute", "--to", "markdown", "--stdout", lesson)

    assert out.count("✓ 1.") == 3
    assert "Traceback" not in out
    with capsys.disabled():
        print(f"\nbinder: environment in {built:.0f} s, {size / 1e6:.0f} MB")
