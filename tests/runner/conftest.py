"""Runs with a clock that skips the waits, against a service with faults."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

from aiml_nb import simulator
from aiml_nb.endpoint import Endpoint
from aiml_nb.endpoint.keys import ApiKey
from aiml_nb.records import Run
from aiml_nb.runner.execute import execute
from aiml_nb.runner.journal import Journal
from aiml_nb.runner.load_plan import load_plan
from aiml_nb.runner.pacing.clock import Clock
from aiml_nb.runner.plan import Plan, make_plan

from ..waiting import give_way


class SkippingClock(Clock):
    """A clock whose sleeps return at once; its time advances as if it had slept."""

    def __init__(self) -> None:
        super().__init__(seed=1)
        self.slept: list[float] = []
        self._skipped = 0.0

    def now(self) -> float:
        return super().now() + self._skipped

    def sleep(self, seconds: float, wake: threading.Event) -> None:
        self._skip(seconds)

    async def sleep_async(self, seconds: float, wake: asyncio.Event) -> None:
        self._skip(seconds)
        await give_way()

    def _skip(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._skipped += seconds


def connect_faulty(scenario: str = "instant", **knobs: Any) -> Endpoint:
    """Return an endpoint for a new service of the simulator with these knobs."""
    process = simulator.shared_process()
    settings = simulator.scenario(scenario, **knobs)
    return Endpoint(
        base_url=process.base_url,
        model="gpt-4o",
        provider="simulator",
        simulated=True,
        seed=settings.seed,
        key=ApiKey(process.register(settings), source="the simulator"),
    )


def run_skipping(
    prompts: list[Any], endpoint: Endpoint, clock: SkippingClock | None = None, **options: Any
) -> Run:
    """Execute a run with a clock that skips the waits."""
    return execute(make_plan(prompts, endpoint, **options), clock=clock or SkippingClock())


def reopen(path: Path, endpoint: Endpoint, **options: Any) -> tuple[Journal, Plan]:
    """Open a journal and plan what is left of its run, as `resume` does."""
    return load_plan(path, lambda _: endpoint, **options)
