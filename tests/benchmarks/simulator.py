"""The simulator's clock, throughput, memory and start, beside a bare aiohttp server.

The clock's errors are what a client sees beyond the model's plan: the time of its first byte, or
of its last, less the planned one. The same client asks the bare server to sleep just as long. Its
calls begin one after the other within two seconds: a hundred at one moment would measure how long
the client takes to send them. Beside it, the error that the simulator's own log tells.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import aiohttp
import psutil

from aiml_nb.simulator import Arrival, Settings, SimulatorProcess, scenario, simulate

from .rows import Row, percentile

BARE = "bare handler"
ROUNDS = 3
STAMPS = (("first_token", "planned_first_token"), ("finished", "planned_finish"))


@dataclass(frozen=True, slots=True)
class Job:
    """What is sent, and the planned seconds to its first and last byte."""

    url: str
    headers: dict[str, str]
    body: dict[str, object]
    first: float = 0.0
    end: float = 0.0


@dataclass(frozen=True, slots=True)
class Bare:
    """The bare server that runs."""

    url: str
    pid: int


def measure(*, repeats: int, quick: bool = False) -> list[Row]:
    """Measure all; quick sees that it runs."""
    rows: list[Row] = []
    for in_flight in (1, 10) if quick else (1, 10, 100):
        rows += measure_clock(in_flight, repeats=repeats, speed=50 if quick else 1)
    calls = 50 if quick else 2000
    for stream in (False, True):
        rows.append(measure_throughput(calls, stream=stream, repeats=repeats))
    return [*rows, measure_start(repeats), *measure_memory(100 if quick else 10_000)]


def measure_clock(in_flight: int, *, repeats: int, speed: float) -> list[Row]:
    """Stream answers, so many in flight, to this side of the wire."""
    errors: dict[str, list[list[float]]] = {"ours": [], "bare": [], "log": []}
    spread = 2 / speed
    prompts = [f"Question {number}?" for number in range(in_flight * ROUNDS)]
    settings = Settings(speed=speed)
    plans = simulate([Arrival(0.0, prompt) for prompt in prompts], settings)
    with SimulatorProcess() as process, bare_server() as bare:
        for _ in range(repeats):
            token = process.register(settings)
            ours, others = [], []
            for prompt, plan in zip(prompts, plans, strict=True):
                body = write_body(prompt, stream=True)
                url = f"{process.base_url}/chat/completions"
                first, end = plan.token_due(0), plan.finished
                ours.append(Job(url, {"Authorization": f"Bearer {token}"}, body, first, end))
                times = f"{bare.url}/?first={first}&end={end}"
                others.append(Job(times, {}, body, first, end))
            errors["ours"].append(asyncio.run(run_jobs(ours, in_flight, spread=spread)))
            errors["bare"].append(asyncio.run(run_jobs(others, in_flight, spread=spread)))
            errors["log"].append(asyncio.run(read_errors(process.base_url, token)))
    parts = [
        (part, which, share, name)
        for part, which in enumerate(("first token", "end"))
        for share, name in ((0.5, "median"), (0.99, "p99" if len(prompts) >= 100 else "most"))
    ]
    seen = [
        Row(
            "simulator",
            f"clock at {in_flight} in flight, {which}, {name}",
            "ms",
            [percentile(values[part::2], share) * 1000 for values in errors["ours"]],
            [percentile(values[part::2], share) * 1000 for values in errors["bare"]],
            BARE,
        )
        for part, which, share, name in parts
    ]
    logged = [
        Row(
            "simulator",
            f"clock at {in_flight} in flight, {which}, {name}, its log",
            "ms",
            [percentile(values[part::2], share) * 1000 for values in errors["log"]],
        )
        for part, which, share, name in parts
    ]
    return [*seen, *logged]


async def read_errors(base_url: str, token: str) -> list[float]:
    """Read from the log how late each first token and end was, in seconds."""
    url = f"{base_url.removesuffix('/v1')}/_simulator/log"
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        requests = (await answer.json())["requests"]
    return [each[name] - each[planned] for each in requests for name, planned in STAMPS]


async def run_jobs(jobs: list[Job], in_flight: int, *, spread: float = 0.0) -> list[float]:
    """Give the errors of first byte and end of each job, one after the other, in seconds."""
    errors: list[float] = []
    waiting = iter(jobs)

    async def work(session: aiohttp.ClientSession, number: int) -> None:
        await asyncio.sleep(number / in_flight * spread)
        for job in waiting:
            began = time.perf_counter()
            async with session.post(job.url, json=job.body, headers=job.headers) as answer:
                await answer.content.readany()
                first = time.perf_counter() - began
                async for _ in answer.content.iter_any():
                    pass
                errors.extend((first - job.first, time.perf_counter() - began - job.end))

    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*[work(session, number) for number in range(in_flight)])
    return errors


def measure_throughput(calls: int, *, stream: bool, repeats: int) -> Row:
    """Ask for answers without delay, 32 in flight; the bare server echoes as many bytes."""
    values, references = [], []
    name = "streamed (8 tokens)" if stream else "whole"
    with SimulatorProcess() as process, bare_server() as bare:
        url, body = (
            f"{process.base_url}/chat/completions",
            write_body("What is 2+2?", stream=stream),
        )
        for _ in range(repeats):
            headers = {"Authorization": f"Bearer {process.register(scenario('instant'))}"}
            answer = asyncio.run(ask_once(Job(url, headers, body)))
            ours = [Job(url, headers, body)] * calls
            others = [Job(bare.url, {}, {"answer": answer})] * calls
            values.append(calls / asyncio.run(time_jobs(ours)))
            references.append(calls / asyncio.run(time_jobs(others)))
    return Row("simulator", f"throughput, {name}", "calls/s", values, references, BARE)


async def ask_once(job: Job) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.post(job.url, json=job.body, headers=job.headers) as answer,
    ):
        return await answer.text()


async def time_jobs(jobs: list[Job]) -> float:
    began = time.perf_counter()
    await run_jobs(jobs, 32)
    return time.perf_counter() - began


def measure_start(repeats: int) -> Row:
    """Start the child until it serves; the reference is a Python that imports aiohttp.web."""
    values, references = [], []
    for _ in range(repeats):
        began = time.perf_counter()
        with SimulatorProcess():
            values.append(time.perf_counter() - began)
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import aiohttp.web"], check=True)
        references.append(time.perf_counter() - began)
    return Row("simulator", "start", "s", values, references, "import aiohttp.web")


def measure_memory(calls: int) -> Iterator[Row]:
    """The child's resident memory when it has started, and after so many calls."""
    with SimulatorProcess() as process, bare_server() as bare:
        child, other = psutil.Process(process.pid), psutil.Process(bare.pid)
        before = [read_memory(child)], [read_memory(other)]
        yield Row("simulator", "memory after the start", "MiB", *before, "bare server")
        url = f"{process.base_url}/chat/completions"
        headers = {"Authorization": f"Bearer {process.register(scenario('instant'))}"}
        body = write_body("What is 2+2?")
        asyncio.run(time_jobs([Job(url, headers, body)] * calls))
        asyncio.run(time_jobs([Job(bare.url, {}, body)] * calls))
        after = [read_memory(child)], [read_memory(other)]
        yield Row("simulator", f"memory after {calls} calls", "MiB", *after, "bare server")


def read_memory(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


def write_body(prompt: str, *, stream: bool = False) -> dict[str, object]:
    messages = [{"role": "user", "content": prompt}]
    return {"model": "gpt-4o", "messages": messages, "stream": stream}


@contextmanager
def bare_server() -> Iterator[Bare]:
    """Run the bare server in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bare_server"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout is not None
        try:
            yield Bare(process.stdout.readline().strip(), process.pid)
        finally:
            process.kill()
