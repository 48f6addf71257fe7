"""Lesson 6's exercise on the loop lag: measured beside code that blocks, and code that does not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from ...records import Run
from ...runner import last_run
from ..engine.digits import show_number
from ..engine.exercises import NotYet, require
from ..engine.expect import call_async, expect_function, expect_number, judge_twice

# Seconds by which a busy machine may add to a lag.
_TOLERANCE = 0.25


class _Suspect:
    """Runs beside a learner's run: blocks the loop for some times, one after another."""

    def __init__(self, *blocks: float) -> None:
        self._blocks = blocks
        self.called = self.done = 0

    async def run(self) -> None:
        """Block the loop, with a pause before each time; or wait for a thread."""
        self.called += 1
        for seconds in self._blocks:
            await asyncio.sleep(0.1)
            time.sleep(seconds)  # noqa: ASYNC251  this is what suspects do
        if not self._blocks:
            await asyncio.to_thread(time.sleep, 0.4)
        self.done += 1


def check_lag_beside(lag_beside: object) -> str:
    """Check the lag beside code that blocks once, twice, and not at all."""
    function = expect_function(lag_beside, "lag_beside")
    for blocks in ((0.5,), (0.3, 0.15), ()):
        judge_twice(_try_suspect, function, blocks)
    return "You measure who holds the loop, and for how long."


def _try_suspect(function: Callable[..., Any], blocks: tuple[float, ...]) -> None:
    suspect, before = _Suspect(*blocks), last_run()
    lag = _expect_lag(call_async(function, suspect.run))
    require(suspect.called, "suspect was never called: call it beside the run, suspect().")
    require(suspect.called == 1, f"suspect was called {suspect.called} times. Call it once.")
    require(
        last_run() is not before,
        "no run was made beside suspect: await  nb.run_async(questions, slow)  and  suspect()  "
        "with one gather.",
    )
    require(suspect.done, "your function ended before suspect did. Await both, with one gather.")
    worst = max(blocks, default=0.0)
    times = " and then for ".join(f"{seconds} s" for seconds in blocks)
    name = f"code that holds the loop for {times}" if blocks else "code that never holds the loop"
    said = f"beside {name} you say the loop was {show_number(lag)} s late"
    require(lag < 10, f"{said}. Those are milliseconds, perhaps; wanted are seconds.")
    require(
        lag > worst * 0.7,
        f"{said}. Put the run and the suspect into one gather: the lag is that of a run during "
        "which the suspect was at work.",
    )
    require(
        len(blocks) < 2 or lag < (worst + sum(blocks)) / 2,
        f"{said}. Wanted is the loop_lag_max of this run, its worst single delay: no sum of "
        "delays, and not how long it all took.",
    )
    require(
        lag < worst + _TOLERANCE,
        f"{said}. Return what was measured beside this suspect: run.loop_lag_max.",
    )


def _expect_lag(found: object) -> float:
    if isinstance(found, Run):
        raise NotYet("it returned the whole run. Only its loop_lag_max is wanted.")
    return expect_number(found, "the lag in seconds, a number: run.loop_lag_max")
