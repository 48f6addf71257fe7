"""What a user might pick instead, each as its documentation has it, beside ours.

LangChain and LiteLLM each live in an environment of their own, built once, under ``.cache/rivals``.
"""

from __future__ import annotations

import math
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from aiml_nb.simulator import Settings, SimulatorProcess

from .rows import Row
from .runner import CHUNKS, ONE_SECOND, STREAMED, Bench

PLACE = Path(__file__).parents[2] / ".cache" / "rivals"
ELSEWHERE = {"langchain": "langchain-openai", "litellm": "litellm"}  # what is installed for each
HERE = ("ours", "openai_tqdm")
PACKAGES = {**ELSEWHERE, "openai_tqdm": "tqdm"}


def measure(*, repeats: int, quick: bool = False) -> list[Row]:
    """Measure all; quick sees that it runs, without the environments of their own."""
    pythons = dict.fromkeys(HERE, sys.executable)
    if not quick:
        pythons |= {name: build_environment(name, package) for name, package in ELSEWHERE.items()}
    benches = {name: Bench(repeats, python) for name, python in pythons.items()}
    with SimulatorProcess() as process:
        for bench in benches.values():
            bench.process = process
        spans = ((8, 4),) if quick else ((300, 100), (3000, 1000))
        rows = [row for span in spans for row in compare(benches, *span, speed=20 if quick else 1)]
        return [*rows, *compare_streams(benches, 4 if quick else 100)]


def compare(
    benches: dict[str, Bench], calls: int, in_flight: int, *, speed: float
) -> Iterator[Row]:
    """The makespan of each, over ours."""
    settings = Settings(**{**asdict(ONE_SECOND), "speed": speed})
    spent: dict[str, list[float]] = {name: [] for name in benches}
    for _ in range(benches["ours"].repeats):
        for name, bench in benches.items():
            spent[name].append(bench.run(name, settings, calls, in_flight)["makespan"])
    what = f"{calls} calls of {1 / speed:g} s, {in_flight} in flight"
    for name, values in spent.items():
        if name == "ours":
            ideals = [math.ceil(calls / in_flight) / speed] * len(values)
            yield Row("rivals", f"{what}: ours", "s", values, ideals, "ideal")
        else:
            full = f"{name} {read_version(name, benches[name].python)}"
            yield Row("rivals", f"{what}: {full}", "s", values, spent["ours"], "ours")


def compare_streams(benches: dict[str, Bench], calls: int) -> Iterator[Row]:
    """The makespan of streams that are all in flight, over ours."""
    spent: dict[str, list[float]] = {name: [] for name in benches}
    for _ in range(benches["ours"].repeats):
        for name, bench in benches.items():
            result = bench.run(name, STREAMED, calls, calls, stream=True)
            spent[name].append(result["makespan"])
    for name, values in spent.items():
        what = f"{calls} streamed calls of {CHUNKS} chunks"
        if name != "ours":
            full = f"{name} {read_version(name, benches[name].python)}"
            yield Row("rivals", f"{what}: {full}", "s", values, spent["ours"], "ours")


def read_version(name: str, python: str) -> str:
    """Return the version of the other's package."""
    code = f"import importlib.metadata as m; print(m.version({PACKAGES[name]!r}))"
    done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def build_environment(name: str, package: str) -> str:
    """Return the path of a Python that has the other's package."""
    place = PLACE / name
    python = place / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    ready = place / "ready"
    if not ready.exists():
        venv.create(place, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", package], check=True)
        ready.touch()
    return str(python)
