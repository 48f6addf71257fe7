"""Runs whose calls are sent by worker processes of this machine, beside one process.

The calls are answered by the simulator, in a process of its own. So on two cores three or four
processes share them, the server among them, and calls a second say little of what a machine with
more cores does. What scales is processor time: that of the starter, which plans, limits and records
every call, is the ceiling of a run (a million divided by its microseconds a call), and that of a
worker says how many workers reach it. Both are counted from when the first call is submitted until
the last has finished, so that it does not matter how long the workers take to start.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

import psutil

from aiml_nb.simulator import Settings, SimulatorProcess, scenario

from .contenders import allow_files
from .rows import Row
from .runner import CHUNKS, ONE_SECOND, STREAMED

ONE_PROCESS = 0
WAYS = {ONE_PROCESS: "one process", 1: "processes=1", 2: "processes=2"}
IN_FLIGHT = 200
STEP = 0.02  # seconds between two readings of processor time


def measure(*, repeats: int, quick: bool = False) -> list[Row]:
    """Measure all; quick sees that it runs."""
    with SimulatorProcess() as server:
        return [
            *measure_rate(server, repeats, 200 if quick else 6000),
            *measure_streams(server, repeats, 20 if quick else 600),
            *measure_span(server, repeats, 40 if quick else 2000, speed=20 if quick else 1),
        ]


def measure_rate(server: SimulatorProcess, repeats: int, calls: int) -> Iterator[Row]:
    """Calls that are answered at once: how many a second, and what each costs which process."""
    found = run_each(server, repeats, scenario("instant"), calls)
    rates = {way: [calls / each["makespan"] for each in its] for way, its in found.items()}
    what = f"{calls} calls answered at once, {IN_FLIGHT} in flight"
    for way, name in WAYS.items():
        rest = against(rates[ONE_PROCESS], way)
        yield Row("cluster", f"{what}: {name}", "calls/s", rates[way], *rest)
    yield from compare_time("a call", found)


def measure_streams(server: SimulatorProcess, repeats: int, calls: int) -> Iterator[Row]:
    """Streamed answers of many chunks: what each costs which process."""
    found = run_each(server, repeats, STREAMED, calls, stream=True)
    yield from compare_time(f"a stream of {CHUNKS} chunks", found)


def run_each(
    server: SimulatorProcess, repeats: int, settings: Settings, calls: int, *, stream: bool = False
) -> dict[int, list[dict[str, float]]]:
    """Make the calls in each of the ways in turn."""
    found: dict[int, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(repeats):
        for way, its in found.items():
            its.append(run_apart(server, settings, calls, IN_FLIGHT, way, stream=stream))
    return found


def compare_time(what: str, found: dict[int, list[dict[str, float]]]) -> Iterator[Row]:
    """The processor time of a call in each process, beside that of one process."""
    alone = [each["starter"] for each in found[ONE_PROCESS]]
    for way, name in WAYS.items():
        rest = against(alone, way)
        for process in ("starter", "workers") if way != ONE_PROCESS else ("starter",):
            who = f"{name}, {process}" if way != ONE_PROCESS else name
            times = [each[process] for each in found[way]]
            yield Row("cluster", f"processor time of {what}: {who}", "us", times, *rest)


def measure_span(
    server: SimulatorProcess, repeats: int, in_flight: int, *, speed: float
) -> Iterator[Row]:
    """Two rounds of calls of one second: the makespan beside the ideal."""
    settings = Settings(**{**asdict(ONE_SECOND), "speed": speed})
    spent: dict[int, list[float]] = {ONE_PROCESS: [], 2: []}
    for _ in range(repeats):
        for way, makespans in spent.items():
            found = run_apart(server, settings, 2 * in_flight, in_flight, way)
            makespans.append(found["makespan"])
    what = f"{2 * in_flight} calls of {1 / speed:g} s, {in_flight} in flight"
    for way, makespans in spent.items():
        ideals = [2 / speed] * repeats
        yield Row("cluster", f"{what}: {WAYS[way]}", "s", makespans, ideals, "ideal")


def against(alone: list[float], way: int) -> tuple[Any, ...]:
    """Return what a row is compared with: one process, unless it is that."""
    return (alone, "one process") if way != ONE_PROCESS else ()


def run_apart(
    server: SimulatorProcess,
    settings: Settings,
    calls: int,
    in_flight: int,
    processes: int,
    *,
    stream: bool = False,
) -> dict[str, float]:
    """Make the calls from a process of its own, and return what it printed.

    Raises
    ------
    RuntimeError
        If it failed, or has not every answer: its figures would mean nothing.
    """
    task = {
        "base_url": server.base_url,
        "api_key": server.register(settings),
        "calls": calls,
        "in_flight": in_flight,
        "processes": processes or None,
        "stream": stream,
    }
    # A proxy would carry the calls away from this machine, or to nobody.
    environment = {n: v for n, v in os.environ.items() if not n.lower().endswith("_proxy")}
    command = [sys.executable, "-m", "tests.benchmarks.cluster", json.dumps(task)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{processes} processes ended badly: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


async def make_calls(
    base_url: str,
    api_key: str,
    calls: int,
    in_flight: int,
    processes: int | None,
    stream: bool,
) -> dict[str, float]:
    """Make the calls, and return their makespan and the processor time of each, by process."""
    import aiml_nb as nb

    endpoint = nb.connect(base_url=base_url, api_key=api_key, model="gpt-4o", verbose=False)
    options: dict[str, Any] = {"journal": False, "max_concurrency": in_flight, "stream": stream}
    await nb.run_async(["Ready?"], endpoint, progress=False, **options)  # imports what is needed
    prompts = [f"Question {number}?" for number in range(calls)]
    readings: list[Reading] = []
    reading = asyncio.create_task(read_times(readings))
    run = await nb.start(prompts, endpoint, processes=processes, **options)
    reading.cancel()
    lost = sum(call.outcome != "ok" for call in run.calls)
    if lost:
        raise RuntimeError(f"{lost} of {calls} calls were not answered.")
    ends = [run.started_at + (call.finished or 0.0) for call in run.calls]
    whole = [each for each in readings if len(each.workers) >= (processes or 0)]
    begin = next(each for each in reversed(readings) if each.at <= run.started_at)
    end = next((each for each in whole if each.at >= max(ends)), whole[-1])
    done = max(1, sum(at <= end.at for at in ends))
    spent = sum(its - begin.workers.get(pid, 0.0) for pid, its in end.workers.items())
    return {
        "makespan": run.makespan,
        "starter": (end.starter - begin.starter) / done * 1e6,
        "workers": spent / done * 1e6,
    }


class Reading(NamedTuple):
    """The time, and the processor time of this process and of each that it has started."""

    at: float
    starter: float
    workers: dict[int, float]


async def read_times(readings: list[Reading]) -> None:
    """Note a reading every few milliseconds."""
    this = psutil.Process()
    children: dict[int, psutil.Process] = {}
    while True:
        if len(readings) % 25 == 0:  # looking for them takes longer than reading their times
            children = {each.pid: each for each in this.children()}
        times = {}
        for pid, child in children.items():
            try:
                spent = child.cpu_times()
            except psutil.Error:
                continue
            times[pid] = spent.user + spent.system
        readings.append(Reading(time.time(), time.process_time(), times))
        await asyncio.sleep(STEP)


if __name__ == "__main__":
    allow_files(4096)
    print(json.dumps(asyncio.run(make_calls(**json.loads(sys.argv[1])))))
