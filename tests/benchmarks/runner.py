"""Our runner beside the ideal, a bare aiohttp client, and what a user would write.

Every contender makes the same calls to the same simulator process, from a process of its own (see
`contenders`). The ideal makespan is what the plan comes to when nothing takes any time but the
model: so many rounds of one second.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from aiml_nb.simulator import Settings, SimulatorProcess, scenario

from . import contenders
from .contenders import LIMITS, Task
from .rows import Row

ONE_SECOND = Settings(
    first_token_time=1, first_token_spread=0, prompt_token_time=0, token_time=0, token_time_spread=0
)
CHUNKS = 200
STREAMED = Settings(
    first_token_time=0.1,
    first_token_spread=0,
    prompt_token_time=0,
    token_time=0.01,
    token_time_spread=0,
    shortest_answer=CHUNKS,
    longest_answer=CHUNKS,
)
SPANS = ((30, 10), (300, 100), (3000, 1000))  # calls, in flight
STREAMS = (10, 100, 200, 1000)  # in flight
USERS = "openai_default", "openai_aiohttp"


def measure(*, repeats: int, quick: bool = False) -> list[Row]:
    """Measure all; quick sees that it runs."""
    bench = Bench(repeats)
    with SimulatorProcess() as bench.process:
        return [
            *measure_spans(bench, SPANS[:1] if quick else SPANS, speed=20 if quick else 1),
            *measure_streams(bench, (4,) if quick else STREAMS),
            *measure_threads(bench, (4,) if quick else (64, 256), speed=20 if quick else 1),
            *measure_cpu(bench, 20 if quick else 2000),
            *measure_memory(bench, 20 if quick else 10_000),
        ]


class Bench:
    """Runs contenders against one simulator process."""

    process: SimulatorProcess

    def __init__(self, repeats: int, python: str = sys.executable) -> None:
        self.repeats = repeats
        self.python = python
        self.token = ""

    def run(self, name: str, settings: Settings, calls: int, in_flight: int, **options: object):
        """Let `name` make the calls, and return what it printed."""
        self.token = self.process.register(settings)
        task = Task(self.process.base_url, self.token, calls, in_flight, **options)  # type: ignore[arg-type]
        command = [self.python, contenders.__file__, name, json.dumps(asdict(task))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise RuntimeError(f"{name} ended with {done.returncode}: {done.stderr[-2000:]}")
        return json.loads(done.stdout.splitlines()[-1])

    def read_span(self, calls: int) -> float:
        """Return the seconds from the first of the last `calls` requests to the last's end."""
        url = f"{self.process.base_url.removesuffix('/v1')}/_simulator/log"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            requests = json.load(answer)["requests"][-calls:]  # those before were to warm up
        began = min(each["received"] for each in requests)
        return max(each["finished"] for each in requests) - began


def measure_spans(
    bench: Bench, spans: tuple[tuple[int, int], ...], *, speed: float
) -> Iterator[Row]:
    """The makespan of calls of one second each, so many in flight."""
    settings = Settings(**{**asdict(ONE_SECOND), "speed": speed})
    for calls, in_flight in spans:
        ideal = math.ceil(calls / in_flight) / speed
        spent: dict[str, list[float]] = {}
        lost = 0
        for _ in range(bench.repeats):
            for name in ("bare", "ours", *USERS):
                result = bench.run(name, settings, calls, in_flight)
                spent.setdefault(name, []).append(result["makespan"])
                lost += calls - result["answered"] if name == "ours" else 0
        what = f"{calls} calls of 1 s, {in_flight} in flight"
        ideals = [ideal] * bench.repeats
        for name, values in spent.items():
            yield Row("runner", f"{what}: {name}", "s", values, ideals, "ideal")
        yield Row("runner", f"{what}: ours", "s", spent["ours"], spent["bare"], "bare")
        yield Row("runner", f"{what}: lost by ours", "calls", [lost])


def measure_streams(bench: Bench, sizes: tuple[int, ...]) -> Iterator[Row]:
    """Streamed answers of 200 chunks, all in flight: the client's end over the server's.

    A client that is slow to begin its calls holds up the server's end too: the last row of each
    size compares the ends themselves.
    """
    for calls in sizes:
        what = f"{calls} streamed calls of {CHUNKS} chunks"
        spent: dict[str, list[float]] = {}
        truth: dict[str, list[float]] = {}
        for _ in range(bench.repeats):
            for name in ("bare", "ours", *USERS):
                result = bench.run(name, STREAMED, calls, calls, stream=True)
                spent.setdefault(name, []).append(result["makespan"])
                truth.setdefault(name, []).append(bench.read_span(calls))
        for name, values in spent.items():
            yield Row("runner", f"{what}: {name}", "s", values, truth[name], "at the server")
        yield Row("runner", f"{what}: ours", "s", spent["ours"], spent["bare"], "bare")


def measure_threads(bench: Bench, sizes: tuple[int, ...], *, speed: float) -> Iterator[Row]:
    """The strategy ``threads``: three rounds of calls of one second."""
    settings = Settings(**{**asdict(ONE_SECOND), "speed": speed})
    option = json.dumps({"strategy": "threads"})
    for size in sizes:
        spent = [
            bench.run("ours", settings, 3 * size, size, option=option)["makespan"]
            for _ in range(bench.repeats)
        ]
        what = f"{3 * size} calls of 1 s, {size} threads"
        yield Row("runner", what, "s", spent, [3 / speed] * bench.repeats, "ideal")


def measure_cpu(bench: Bench, calls: int) -> Iterator[Row]:
    """The client's processor time for a call that is answered at once, 50 in flight."""
    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, dict[str, object]] = {
            "ours": {},
            "ours, all limits": LIMITS,
            "ours, loop patched": {"patched": True},
        }
        used: dict[str, list[float]] = {}
        for number in range(bench.repeats):
            for name in ("bare", "client_call", *USERS):
                spent = bench.run(name, scenario("instant"), calls, 50)
                used.setdefault(name, []).append(spent["cpu"] * 1e6)
            options["ours, journal"] = {"journal": str(Path(folder) / f"{number}-{{calls}}.jsonl")}
            for name, given in options.items():
                option = json.dumps(given)
                spent = bench.run("ours", scenario("instant"), calls, 50, option=option)
                used.setdefault(name, []).append(spent["cpu"] * 1e6)
    bare = used.pop("bare")
    for name, values in used.items():
        yield Row("runner", f"processor time of a call: {name}", "us", values, bare, "bare")


def measure_memory(bench: Bench, calls: int) -> Iterator[Row]:
    """By how much the most memory grows, for each call; ours keeps records, the other nothing."""
    ours, bare = (
        [
            bench.run(name, scenario("instant"), calls, 100)["memory"] / 1024
            for _ in range(bench.repeats)
        ]
        for name in ("ours", "bare")
    )
    yield Row("runner", f"memory of a call, of {calls}", "KiB", ours, bare, "bare")
