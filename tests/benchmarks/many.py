"""A hundred thousand prompts in one process: memory, the first call, the time of each, going on.

The client answers at once, as in `own_work`, so that all of the time is our own. Each count is
measured in a process of its own; `million` measures a million.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiml_nb as nb

from .own_work import ReadyClient, ReadyEndpoint
from .rows import Row

FEW = 20_000


def measure(*, repeats: int, quick: bool = False, count: int = 100_000) -> list[Row]:
    """Measure all; quick sees that it runs."""
    few, count = (50, 600) if quick else (FEW, count)
    found: list[tuple[dict[str, float], dict[str, float]]] = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            found.append((measure_apart(few, folder), measure_apart(count, folder)))
    what, beside = f"{count:,} prompts: ", f"of {few:,}"
    each = {"run": "own work of a call", "write": "results, each", "resume": "going on, each"}
    rows = [
        Row(
            "many",
            what + name,
            "us",
            [many[part] / count * 1e6 for _, many in found],
            [less[part] / few * 1e6 for less, _ in found],
            beside,
        )
        for part, name in each.items()
    ]
    whole = {"first": "first call after", "resume": "a finished journal read in"}
    rows += [Row("many", what + n, "s", [m[part] for _, m in found]) for part, n in whole.items()]
    peaks = {"peak": "peak memory", "resume_peak": "peak memory, going on"}
    return rows + [
        Row("many", what + n, "MiB", [m[part] / 1024 for _, m in found])
        for part, n in peaks.items()
    ]


def measure_apart(count: int, folder: str) -> dict[str, float]:
    """Return what so many prompts take in processes of their own: seconds, and KiB of memory."""
    found: dict[str, float] = {}
    for part in ("run", "resume"):
        command = [sys.executable, "-m", __name__, part, str(count), folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found |= json.loads(done.stdout.splitlines()[-1])
    return found


class TimedClient(ReadyClient):
    """Notes when it was first asked."""

    first: float | None = None

    async def post(self, *arguments: Any, **options: Any) -> Any:
        TimedClient.first = TimedClient.first or time.perf_counter()
        return await super().post(*arguments, **options)


class TimedEndpoint(ReadyEndpoint):
    """The simulator, but for the answers."""

    def open_async(self, **options: Any) -> TimedClient:
        return TimedClient(base_url=self.base_url, api_key=self.key.reveal())


def run(count: int, folder: Path, endpoint: nb.Endpoint) -> dict[str, float]:
    """Make so many calls from a file, and write their results."""
    prompts = folder / "prompts.jsonl"
    with prompts.open("w") as file:
        for number in range(count):
            text = f"Question {number}: what is to be said of it, in a line of common length?"
            print(json.dumps({"custom_id": f"row-{number}", "prompt": text}), file=file)
    began = time.perf_counter()
    journal = folder / f"{count}.jsonl"
    made = nb.run(prompts, endpoint, journal=journal, keep_texts=False, progress=False)
    ended = time.perf_counter()
    nb.to_jsonl(made, folder / "results.jsonl", texts=True)
    written = time.perf_counter()
    assert all(call.outcome == "ok" for call in made.calls)
    first = TimedClient.first or 0.0
    return {"first": first - began, "run": ended - first, "write": written - ended, "peak": peak()}


def resume(count: int, folder: Path, endpoint: nb.Endpoint) -> dict[str, float]:
    """Go on with that run, which is finished."""
    began = time.perf_counter()
    made = nb.resume(folder / f"{count}.jsonl", endpoint, keep_texts=False)
    seconds = time.perf_counter() - began
    assert len(made.calls) == count
    return {"resume": seconds, "resume_peak": peak()}


def peak() -> int:
    """Return the most memory that this process had, in KiB."""
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found // 1024 if sys.platform == "darwin" else found


def main(part: str, count: str, folder: str) -> None:
    """Print what one part of it takes."""
    real = nb.connect(scenario="instant", verbose=False)
    names = ("base_url", "model", "provider", "simulated", "key")
    endpoint = TimedEndpoint(**{name: getattr(real, name) for name in names})
    measured = (run if part == "run" else resume)(int(count), Path(folder), endpoint)
    print(json.dumps(measured))


if __name__ == "__main__":
    main(*sys.argv[1:])
