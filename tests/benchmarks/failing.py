"""Our runner beside a plain client that retries, at a server where calls fail.

Both make the same calls, whose faults are drawn from the same seed, so that they meet the same ones
at the same attempts. ``chaos`` is the simulator's scenario with its shares scaled; ``429`` refuses
at random and says no time. The plain client makes four attempts; ours makes three, and four in the
rows that say so, and 429s have a bound of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from aiml_nb.simulator import Settings, SimulatorProcess, scenario

from .rows import Row
from .runner import Bench

CALLS, IN_FLIGHT, SPEED = 2867, 50, 20.0
SHARES = (0.0, 0.02, 0.1, 0.3)
KINDS = ("chaos", "429")


def measure(*, repeats: int, quick: bool = False) -> list[Row]:
    """Measure all; quick sees that it runs."""
    bench, calls = Bench(repeats), 40 if quick else CALLS
    with SimulatorProcess() as bench.process:
        shares = (0.1,) if quick else SHARES
        return [
            row for kind in KINDS for each in shares for row in compare(bench, kind, each, calls)
        ]


def compare(bench: Bench, kind: str, share: float, calls: int) -> Iterator[Row]:
    """Seconds of both, and how many of a hundred calls each had answered."""
    clients = {
        "plain": ("openai_retrying", "3"),
        "ours": ("ours", ""),
        "ours, four attempts": ("ours", json.dumps({"max_attempts": 4})),
    }
    if kind == "429" or not share:
        del clients["ours, four attempts"]
    spent: dict[str, list[float]] = {name: [] for name in clients}
    answered: dict[str, list[float]] = {name: [] for name in clients}
    for seed in range(bench.repeats):
        settings = fail(kind, share, seed=seed)
        for name, (contender, option) in clients.items():
            result = bench.run(contender, settings, calls, IN_FLIGHT, may_lose=True, option=option)
            spent[name].append(result["makespan"])
            answered[name].append(100 * result["answered"] / calls)
    for name in list(clients)[1:]:
        what = f"{kind}, {share:.0%} fail, {calls} calls, {IN_FLIGHT} in flight, {name}"
        yield Row("failing", what, "s", spent[name], spent["plain"], "plain")
        yield Row("failing", f"{what}: answered", "%", answered[name], answered["plain"], "plain")


def fail(kind: str, share: float, *, seed: int) -> Settings:
    """Return the settings of a service where this share of the attempts fails."""
    if kind == "429":
        shares: dict[int | str, float] = {429: share} if share else {}
        return scenario("faq", speed=SPEED, seed=seed, fault_shares=shares)
    chaos = scenario("chaos", speed=SPEED, seed=seed)
    whole = sum(chaos.fault_shares.values())
    scaled = {fault: each * share / whole for fault, each in chaos.fault_shares.items()}
    return replace(chaos, fault_shares=scaled if share else {})
