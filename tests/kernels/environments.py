"""Environments of one kernel each, built once and kept in a cache folder outside git."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
CACHE = REPOSITORY / ".cache" / "kernels"
NEST = ("nest-asyncio==1.6.0", "nest-asyncio2>=1.7.3")
# What a run needs, its progress bar and its picture included.
OURS = (
    *(*NEST, "openai[aiohttp]>=3,<4", "ipywidgets>=8.1", "tqdm>=4.66"),
    *("pandas>=2.2", "matplotlib>=3.8"),
)


@dataclass(frozen=True)
class Environment:
    """A Python and what is installed in it; no requirements: the one that runs the tests."""

    name: str
    requirements: tuple[str, ...] = ()
    python: str = ""

    def __str__(self) -> str:
        return self.name


HERE = Environment("here")
SIX = Environment("6.31.0", ("ipykernel==6.31.0", *OURS))
MATRIX = (
    SIX,
    Environment("7.0.1", ("ipykernel==7.0.1", *OURS)),
    Environment("7.1.0", ("ipykernel==7.1.0", *OURS)),
    Environment("newest", ("ipykernel", *OURS)),
    Environment("colab", ("ipykernel==6.17.1", "ipython==7.34.0", *OURS), python="3.12"),
    Environment("newest-3.12", ("ipykernel", *OURS), python="3.12"),
    Environment("newest-3.13", ("ipykernel", *OURS), python="3.13"),
)
UVLOOP = Environment("uvloop", ("ipykernel", "uvloop", *OURS))
OLD_NEST = Environment(
    "old-nest", ("ipykernel==7.1.0", "nest-asyncio==1.6.0", "nest-asyncio2==1.7.2")
)


class PythonNotFoundError(Exception):
    """No interpreter of this version was found."""


def python_of(environment: Environment) -> Path:
    """Return the interpreter of an environment, building it first if the cache has none.

    Raises
    ------
    PythonNotFoundError
        If the environment asks for a Python that is not on this machine.
    """
    if not environment.requirements:
        return Path(sys.executable)
    base = find_python(environment.python)
    folder = folder_of(environment, base)
    if not folder.exists():
        _build(folder, base, environment.requirements)
    return folder / "bin" / "python"


def folder_of(environment: Environment, base: Path) -> Path:
    """Return where an environment is kept; the interpreter may be called by any of its names."""
    text = repr((environment.requirements, str(base.resolve())))
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    return CACHE / f"{environment.name}-{key}"


def find_python(version: str) -> Path:
    """Find an interpreter on the path or among pyenv's; no version: the one that runs the tests."""
    if not version:
        return Path(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"))]
    for candidate in candidates:
        if candidate and _is_python(str(candidate), version):
            return Path(candidate)
    raise PythonNotFoundError(
        f"no Python {version} was found on the path or among pyenv's versions"
    )


def _is_python(program: str, version: str) -> bool:
    # pyenv puts a program on the path for each version, which fails where that one is not chosen.
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([program, "-c", code], capture_output=True, text=True, check=False)
    return answer.stdout.strip() == version


def _build(folder: Path, base: Path, requirements: tuple[str, ...]) -> None:
    """Build beside, then rename: what a killed build leaves is never taken for an environment."""
    unfinished = folder.with_name(f"{folder.name}.unfinished-{os.getpid()}")
    # Its own pip, and the bytecode of what nobody imports, would take as long again.
    venv = [base, "-m", "venv", "--without-pip", unfinished]
    pip = [sys.executable, "-m", "pip", "--python", unfinished / "bin" / "python"]
    options = ["--disable-pip-version-check", "--quiet", "--no-compile"]
    try:
        subprocess.run(venv, check=True, capture_output=True)
        install = [*pip, "install", *options, *requirements]
        subprocess.run(install, check=True, capture_output=True)
        unfinished.rename(folder)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"could not build {folder.name}: {error.stderr.decode()}") from error
    except OSError:
        if not folder.exists():  # else another run of the tests was faster
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
