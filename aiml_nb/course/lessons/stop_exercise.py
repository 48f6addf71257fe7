"""Exercise 5.7: a run is stopped after its first answers, and these are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from ...endpoint import connect
from ...records import Call, Run
from ..engine.exercises import NotYet, of_kind, require
from ..engine.expect import expect_function, judge_twice
from ..engine.run_answer import run_answer

_STOP_AFTER = 5  # answers, as the exercise says


def check_stop_after_five(given: object) -> str:
    """Check that a run is stopped with its first answers kept, whatever the server's seed."""
    function = expect_function(given, "stop_after_five")
    # The sixth answer comes long after the fifth. The second server is fast: no fixed pause suits
    # both, and there some more answers may come.
    run = judge_twice(partial(_try_to_stop, function, number=12, speed=10, seed=4, most=5))
    judge_twice(partial(_try_to_stop, function, number=9, speed=80, seed=3, most=7))
    kept = f"{_count(run.calls, 'ok')} answers kept"
    cancelled = f"{_count(run.calls, 'cancelled')} calls cancelled in flight"
    return f"{kept}, {cancelled}, {_count(run.calls, 'not_started')} never sent."


def _try_to_stop(
    function: Callable[..., Any], *, number: int, speed: float, seed: int, most: int
) -> Run:
    questions = [f"Question {place}?" for place in range(1, number + 1)]
    endpoint = connect(simulate=True, scenario="faq", speed=speed, seed=seed, verbose=False)
    found, later = run_answer(_run_until_idle, function, questions, endpoint)
    run = of_kind(found, Run, "the run: what handle.partial gives")
    ok = sum(call.outcome == "ok" for call in run.calls)
    require(
        len(run.calls) == len(questions),
        f"your run has only {len(run.calls)} of the {len(questions)} questions. Ask them all, and "
        "stop half-way.",
    )
    require(
        later < len(questions),
        f"all {len(questions)} were answered: the run went on to its end. Cancel it as soon as "
        "handle.progress[0] is 5, with  handle.cancel(), parentheses and all.",
    )
    require(
        later >= _STOP_AFTER,
        f"only {later} answers were there when you stopped. Go round a while loop as long as "
        "handle.progress[0] is below 5, with a short await asyncio.sleep in it.",
    )
    require(
        later == ok or later <= most,
        "the run went on after your function had returned. Cancel it: handle.cancel().",
    )
    require(
        ok <= most,
        f"{ok} answers were there when you stopped. Stop at the fifth: look at handle.progress[0] "
        "every 0.01 s.",
    )
    return run


def _count(calls: list[Call], outcome: str) -> int:
    return sum(call.outcome == outcome for call in calls)


async def _run_until_idle(function: Callable[..., Any], *arguments: Any) -> tuple[Any, int]:
    """Return the function's result, and the number of ok calls once none is in flight."""
    result = function(*arguments)
    try:
        found = await result if asyncio.iscoroutine(result) else result
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # this check was interrupted
            raise
        raise NotYet(
            "a run that was cancelled has no result: awaiting its handle raises CancelledError. "
            "What there is, is in handle.partial."
        ) from None
    if not isinstance(found, Run):
        return found, 0
    idle = 0
    while idle < 3:  # three times in a row: between two calls nothing is in flight for a moment
        await asyncio.sleep(0.02)
        idle = 0 if any(_is_in_flight(call) for call in found.calls) else idle + 1
    return found, _count(found.calls, "ok")


def _is_in_flight(call: Call) -> bool:
    return call.started is not None and call.finished is None
