"""`LoopReport`: what was found and done about the event loop, as a record and as one line."""

from __future__ import annotations

import asyncio
import importlib
import os
import platform
import sys
from dataclasses import dataclass
from typing import Literal

from . import nesting

Situation = Literal["no loop", "nested", "background", "browser"]


@dataclass(frozen=True, kw_only=True)
class LoopReport:
    """What `patch_loop` found and did; printed, it is one line.

    Attributes
    ----------
    situation
        ``"no loop"``: a script or a terminal, nothing to patch. ``"nested"``: runs wait inside the
        notebook's loop. ``"background"``: runs use another loop than cells. ``"browser"``: Pyodide.
    found
        Whose patch was in force before: ``"nothing"``, ``"aiml_nb"``, or a package and its version.
    done
        What was done about it.
    advice
        What to type to get something better; empty if all is well.
    loop
        The class of the running loop, or None.
    front_end
        The program the code was typed into, as far as it can be told, or None.
    python, ipykernel, nest_asyncio, nest_asyncio2
        Versions; None for what is not installed.
    """

    situation: Situation
    found: str
    done: str
    advice: str
    loop: str | None
    front_end: str | None
    python: str
    ipykernel: str | None
    nest_asyncio: str | None
    nest_asyncio2: str | None

    def __str__(self) -> str:
        """Say it in one line."""
        advice = f" {self.advice}" if self.advice else ""
        before = "" if self.found == nesting.NOTHING else f"found {self.found}; "
        return f"Event loop: {before}{self.done}.{advice} [{self._versions()}]"

    def _versions(self) -> str:
        versions = {
            "Python": self.python,
            "ipykernel": self.ipykernel,
            "nest-asyncio": self.nest_asyncio,
            "nest-asyncio2": self.nest_asyncio2,
        }
        parts = [self.front_end, self.loop, *(f"{name} {v}" for name, v in versions.items() if v)]
        return ", ".join(part for part in parts if part)


def describe(
    loop: asyncio.AbstractEventLoop | None, *, found: str, problem: str = "", patched: bool = True
) -> LoopReport:
    """Report on `loop`, which `problem` keeps from being nested and which we have `patched`."""
    if loop is None:
        done = "no loop is running here, nothing was patched: asyncio.run() works as it is"
        return _report("no loop", found, done)
    if not patched:
        return _report("nested", found, _prospect(found, problem), loop=loop)
    if problem:
        done = f"{problem}, so asyncio.run() uses a background loop: cells and runs do not share it"
        return _report("background", found, done, advice=_advice(problem), loop=loop)
    return _report("nested", found, _deed(found), loop=loop)


def describe_browser(can_wait: bool) -> LoopReport:
    """Report on a Python that runs in a browser."""
    if can_wait:
        return _report("browser", nesting.NOTHING, "nothing to patch in a browser, runs can wait")
    done = "nothing to patch in a browser, and this one cannot wait (no stack switching)"
    return _report("browser", nesting.NOTHING, done, advice="Type  await main()  in the cell.")


def _deed(found: str) -> str:
    if found == nesting.OURS:
        return "already patched, nothing more to do: asyncio.run() works in cells"
    if found.startswith("nest_asyncio "):
        return "replaced by nest-asyncio2: asyncio.run() works in cells and no queued cell is lost"
    return "asyncio.run() now works in cells"


def _prospect(found: str, problem: str) -> str:
    loses = "; queued cells may be lost" if found.startswith("nest_asyncio ") else ""
    way = f"{problem}, so runs would use a background loop" if problem else "it can be nested"
    return f"not patched by us{loses}; {way}: patch_loop() or the first run does it"


def _advice(problem: str) -> str:
    if "nest-asyncio2" in problem:
        return f'Type  %pip install -U "nest-asyncio2>={nesting.ENOUGH}"  and restart the kernel.'
    return "A client made in a cell cannot be used in a run: make it where it is used."


def _report(
    situation: Situation,
    found: str,
    done: str,
    *,
    advice: str = "",
    loop: asyncio.AbstractEventLoop | None = None,
) -> LoopReport:
    return LoopReport(
        situation=situation,
        found=found,
        done=done,
        advice=advice,
        loop=None if loop is None else type(loop).__name__,
        front_end=_front_end(),
        python=platform.python_version(),
        ipykernel=nesting.version_of("ipykernel"),
        nest_asyncio=nesting.version_of("nest-asyncio"),
        nest_asyncio2=nesting.version_of("nest-asyncio2"),
    )


def _front_end() -> str | None:
    """Name the front end by what it leaves in the environment; none of them says so officially."""
    if sys.platform == "emscripten":
        return "a browser (Pyodide)"
    if "google.colab" in sys.modules:
        return "Colab"
    if "marimo" in sys.modules:
        return "marimo"
    if "IPython" not in sys.modules:
        return None
    shell = type(importlib.import_module("IPython").get_ipython()).__name__
    if shell == "TerminalInteractiveShell":
        return "IPython terminal"
    if shell != "ZMQInteractiveShell":
        return None
    if "BINDER_SERVICE_HOST" in os.environ or "BINDER_LAUNCH_HOST" in os.environ:
        return "Binder"
    return "VS Code" if "VSCODE_PID" in os.environ else "Jupyter"
