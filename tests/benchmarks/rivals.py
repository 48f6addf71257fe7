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
from .runner import ONE_SECOND, Bench

PLACE = Path(__file__).parents[2] / ".cache" / "rivals"
ELSEWHERE = {"langchain": "langchain-openai", "litellm": "litellm"}  # what is installed for each
HERE = ("ours", "openai_tqdm")


def measure(*, repeats: int, quick: bool = False) -> list[Row]:
    """Measure all; quick sees that it runs, without the environment of their own."""
    with SimulatorProcess() as process:
        ours = Bench(repeats)
        ours.process = process
        benches = dict.fromkeys(HERE, ours)
        for name, package in () if quick else ELSEWHERE.items():
            benches[name] = Bench(repeats, build_environment(name, package))
            benches[name].process = process
        spans = ((8, 4),) if quick else ((300, 100), (3000, 1000))
        return [row for span in spans for row in compare(benches, *span, speed=20 if quick else 1)]


def compare(
    benches: dict[str, Bench], calls: int, in_flight: int, *, speed: float
) -> Iterator[Row]:
    """The makespan and the answers of each, and its makespan over ours."""
    settings = Settings(**{**asdict(ONE_SECOND), "speed": speed})
    spent: dict[str, list[float]] = {name: [] for name in benches}
    lost = dict.fromkeys(benches, 0)
    repeats = next(iter(benches.values())).repeats
    for _ in range(repeats):
        for name, bench in benches.items():
            result = bench.run(name, settings, calls, in_flight)
            spent[name].append(result["makespan"])
            lost[name] += calls - result["answered"]
    what = f"{calls} calls of 1 s, {in_flight} in flight"
    ideals = [math.ceil(calls / in_flight) / speed] * repeats
    yield Row("rivals", f"{what}: ours", "s", spent["ours"], ideals, "ideal")
    for name, values in spent.items():
        if name != "ours":
            yield Row("rivals", f"{what}: {name}", "s", values, spent["ours"], "ours")
        yield Row("rivals", f"{what}: lost by {name}", "calls", [lost[name]])


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
