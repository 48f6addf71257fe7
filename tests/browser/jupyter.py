"""A Jupyter server on 127.0.0.1 that serves JupyterLab, Notebook 7 and Voila, as Binder does."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import nbformat

from ..kernels.environments import HERE, REPOSITORY, Environment, python_of
from ..waiting import wait_until

# Binder's versions are those of 7.0.1.
KERNELS = (
    Environment("6.31.0", ("ipykernel==6.31.0", "ipywidgets>=8.1")),
    Environment("7.0.1", ("ipykernel==7.0.1", "ipywidgets==8.1.7")),
    HERE,
)
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
    "docmanager-extension/plugin": {"autosave": False},
}


class Jupyter:
    """The server, with a home, kernels and a folder of notebooks of its own.

    Use it in a ``with`` statement.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir()
        for name, settings in SETTINGS.items():
            place = folder / f".jupyter/lab/user-settings/@jupyterlab/{name}.jupyterlab-settings"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(json.dumps(settings))
        self.url = ""

    def __enter__(self) -> Jupyter:
        self._log = (self._folder / "log").open("w+")
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": "0",
            "ServerApp.root_dir": str(self.notebooks),
            "ServerApp.open_browser": "False",
            "IdentityProvider.token": "",
            "ServerApp.allow_root": "True",
            "LabApp.expose_app_in_browser": "True",
            "JupyterNotebookApp.expose_app_in_browser": "True",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *(f"--{k}={v}" for k, v in options.items())],
            env=self._variables(),
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        self.url = self._wait_for_address()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def write(self, name: str, *cells: str, kernel: Environment) -> str:
        """Write a notebook of code cells; return its name."""
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        made.metadata["voila"] = {"template": "aiml_nb"}
        return self.add(name, made, kernel=kernel)

    def add(self, name: str, notebook: nbformat.NotebookNode, *, kernel: Environment) -> str:
        """Put a notebook into the server's folder, to be run by this kernel; return its name."""
        spec = {"name": kernel.name, "display_name": f"kernel {kernel}", "language": "python"}
        notebook.metadata["kernelspec"] = spec
        self._add_kernel(kernel)
        nbformat.write(notebook, self.notebooks / name)
        return name

    def read(self, name: str) -> nbformat.NotebookNode:
        """Read a notebook as it was saved."""
        return nbformat.read(self.notebooks / name, as_version=4)

    def _add_kernel(self, kernel: Environment) -> None:
        place = self._folder / "data" / "kernels" / kernel.name / "kernel.json"
        if place.exists():
            return
        place.parent.mkdir(parents=True)
        python = shared_python(kernel)
        program = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        variables = {"PYTHONPATH": str(REPOSITORY)}
        spec = {"argv": program, "display_name": f"kernel {kernel}", "language": "python"}
        place.write_text(json.dumps({**spec, "env": variables}))

    def log(self) -> str:
        """Return what the server has printed."""
        return (self._folder / "log").read_text()

    def _variables(self) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        home = {"HOME": str(self._folder), "JUPYTER_DATA_DIR": str(self._folder / "data")}
        return kept | home | {"JUPYTER_RUNTIME_DIR": str(self._folder / "runtime")}

    def _wait_for_address(self) -> str:
        with suppress(AssertionError):
            wait_until(
                lambda: self._find_address() or self._process.poll() is not None,
                patience=150,
                every=0.1,
            )
        address = self._find_address()
        if address is None:
            raise RuntimeError(f"The Jupyter server did not start:\n{self.log()}")
        return address

    def _find_address(self) -> str | None:
        for file in (self._folder / "runtime").glob("jpserver-*.json"):
            with suppress(ValueError):  # it is being written
                return str(json.loads(file.read_text())["url"])
        return None


def shared_python(kernel: Environment) -> Path:
    """Return the interpreter of a kernel that finds, after its own packages, the tests' own."""
    python = python_of(kernel)
    if kernel.requirements:
        (own,) = (python.parents[1] / "lib").glob("python*/site-packages")
        (own / "tests.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return python
