"""Our runner beside the ideal, a bare aiohttp client, and what a user would write.

Every contender makes the same calls to the same simulator process, from a process of its own (see
`contenders`), without a progress bar; ours without its journal, where no row says otherwise. The
ideal makespan is what the plan comes to when nothing takes any time but the model: so many rounds
of one second, or the planned end of a stream. aiohttp alone is no hard limit: it begins all its
calls in one turn of the loop, and leaves Python's garbage collector as it is.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from aiml_nb.simulator import Arrival, Settings, SimulatorProcess, scenario, simulate

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
SPANS = ((30, 10), (300, 100), (3000, 1000), (5000, 5000))  # calls, in flight
DEFAULT_CONNECTIONS = 1000  # those of the client as it comes, for more it waits until it fails
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
            *measure_cpu(bench, 20 if quick else 4000),
            *measure_memory(bench, 20 if quick else 10_000),
        ]


class Bench:
    """Runs contenders against one simulator process."""

    process: SimulatorProcess

    def __init__(self, repeats: int, python: str = sys.executable) -> None:
        self.repeats = repeats
        self.python = python
        self.token = ""

    def run(
        self,
        name: str,
        settings: Settings,
        calls: int,
        in_flight: int,
        *,
        may_lose: bool = False,
        **options: object,
    ):
        """Let `name` make the calls, and return what it printed.

        Parameters
        ----------
        may_lose
            The server fails on purpose: not every call needs an answer.

        Raises
        ------
        RuntimeError
            If it failed, or has not every answer: its figures would mean nothing.
        """
        self.token = self.process.register(settings)
        task = Task(self.process.base_url, self.token, calls, in_flight, **options)  # type: ignore[arg-type]
        command = [self.python, contenders.__file__, name, json.dumps(asdict(task))]
        # A proxy would carry the calls away from this machine, or to nobody.
        environment = {n: v for n, v in os.environ.items() if not n.lower().endswith("_proxy")}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{name} ended with {done.returncode}: {done.stderr[-2000:]}")
        result = json.loads(done.stdout.splitlines()[-1])
        if result["answered"] != calls and not may_lose:
            lost = calls - result["answered"]
            raise RuntimeError(f"{name} lost {lost} of {calls} answers: {done.stderr[-2000:]}")
        return result

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
        for _ in range(bench.repeats):
            users = USERS if in_flight <= DEFAULT_CONNECTIONS else USERS[1:]
            for name in ("bare", "ours", *users):
                result = bench.run(name, settings, calls, in_flight)
                spent.setdefault(name, []).append(result["makespan"])
        what = f"{calls} calls of {1 / speed:g} s, {in_flight} in flight"
        yield from compare(what, spent, [ideal] * bench.repeats)


def compare(what: str, spent: dict[str, list[float]], ideals: list[float]) -> Iterator[Row]:
    """Each contender beside the ideal, and beside aiohttp alone."""
    for name, values in spent.items():
        yield Row("runner", f"{what}: {name}", "s", values, ideals, "ideal")
    for name, values in spent.items():
        if name != "bare":
            yield Row("runner", f"{what}: {name}", "s", values, spent["bare"], "bare")


def measure_streams(bench: Bench, sizes: tuple[int, ...]) -> Iterator[Row]:
    """Streamed answers of 200 chunks, all in flight.

    Beside the ideal and aiohttp alone also how long after the server each client ends; which says
    nothing about a client that is slow to begin, since it holds up the server's end too.
    """
    ideal = simulate([Arrival(0.0, "Question 0?")], STREAMED)[0].finished
    for calls in sizes:
        what = f"{calls} streamed calls of {CHUNKS} chunks"
        spent: dict[str, list[float]] = {}
        truth: dict[str, list[float]] = {}
        for _ in range(bench.repeats):
            for name in ("bare", "ours", *USERS):
                result = bench.run(name, STREAMED, calls, calls, stream=True)
                spent.setdefault(name, []).append(result["makespan"])
                truth.setdefault(name, []).append(bench.read_span(calls))
        yield from compare(what, spent, [ideal] * bench.repeats)
        for name, values in spent.items():
            yield Row("runner", f"{what}: {name}", "s", values, truth[name], "at the server")


def measure_threads(bench: Bench, sizes: tuple[int, ...], *, speed: float) -> Iterator[Row]:
    """The strategy ``threads`` and a pool of threads with the client: three rounds of calls."""
    settings = Settings(**{**asdict(ONE_SECOND), "speed": speed})
    option = json.dumps({"strategy": "threads"})
    for size in sizes:
        ours, users = [], []
        for _ in range(bench.repeats):
            result = bench.run("ours", settings, 3 * size, size, option=option)
            ours.append(result["makespan"])
            users.append(bench.run("openai_threads", settings, 3 * size, size)["makespan"])
        what, ideals = f"{3 * size} calls of {1 / speed:g} s", [3 / speed] * bench.repeats
        yield Row("runner", f"{what}, {size} threads: ours", "s", ours, ideals, "ideal")
        yield Row("runner", f"{what}, {size} threads: openai", "s", users, ideals, "ideal")


def measure_cpu(bench: Bench, calls: int) -> Iterator[Row]:
    """The client's processor time for a call that is answered at once, 50 in flight."""
    used: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(bench.repeats):
            files = [f"{Path(folder)}/{number}{letter}-{{calls}}.jsonl" for letter in "ab"]
            options: dict[str, dict[str, object]] = {
                "ours": {},
                "limits": LIMITS,
                "journal": {"journal": files[0]},
                "limits and journal": {**LIMITS, "journal": files[1]},
                "patched": {"patched": True},
            }
            for name in ("bare", *USERS, "openai_post", "our_post", *options):
                contender, given = ("ours", options[name]) if name in options else (name, {})
                option = json.dumps(given)
                spent = bench.run(contender, scenario("instant"), calls, 50, option=option)
                used.setdefault(name, []).append(spent["cpu"] * 1e6)
    for name in (*USERS, "openai_post", "our_post", "ours"):
        what = f"processor time of a call: {name}"
        yield Row("runner", what, "us", used[name], used["bare"], "bare")
    for name, words in {
        "limits": "all limits",
        "journal": "journal",
        "limits and journal": "all limits and journal",
        "patched": "awaited in a patched loop",
    }.items():
        what = f"processor time of a call: ours, {words}"
        yield Row("runner", what, "us", used[name], used["ours"], "ours")
    for name, words in {
        "openai_post": "the client's post",
        "our_post": "post as a run calls it",
    }.items():
        pairs = zip(used["limits and journal"], used[name], strict=True)
        over = [ours - alone for ours, alone in pairs]
        yield Row("runner", f"ours, all limits and journal, over {words} alone", "us", over)


def measure_memory(bench: Bench, calls: int) -> Iterator[Row]:
    """By how much memory has grown after a run, its records still there; bare keeps nothing."""
    ours, bare = (
        [
            bench.run(name, scenario("instant"), calls, 100)["memory"] / 1024
            for _ in range(bench.repeats)
        ]
        for name in ("ours", "bare")
    )
    yield Row("runner", f"memory of a recorded call, of {calls}", "KiB", ours, bare, "bare")
