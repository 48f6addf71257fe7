"""The time of a call and of a run: nothing goes on after it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.runner.pacing.deadlines import MAX_SLEEP, Deadline, SharedTimer

from ..rows import in_turn, slow
from ..waiting import give_way, let_pass, never, take, wait_until_async
from .conftest import connect_faulty
from .test_run import read_log

STRATEGIES = ["sequential", "threads", "gather", "workers", "adaptive"]
TWO = ["threads", "gather", *map(slow, ("sequential", "workers", "adaptive"))]
OVERSHOOT = 0.5


@pytest.mark.parametrize(
    ("strategy", "behaviour"),
    in_turn(
        STRATEGIES,
        [("stall", False), ("stall:60%", True), ("trickle-head:0.1", False), ("pings:0.1", True)],
    ),
)
def test_a_call_ends_with_its_time(strategy: str, behaviour: tuple[str, bool]) -> None:
    fault, stream = behaviour
    endpoint = connect_faulty(faults={"*": [fault] * 5})

    run = nb.run(["A?", "B?"], endpoint, strategy=strategy, timeout=0.6, stream=stream)

    for call in run.calls:
        assert (call.outcome, call.error_type) == ("timeout", "deadline")
        assert 0.6 <= (call.duration or 0) <= 0.6 + OVERSHOOT


@pytest.mark.parametrize("strategy", TWO)
def test_the_time_covers_attempts_and_waits(strategy: str) -> None:
    """A server that is always busy: the call is given up in its time, not after three attempts."""
    endpoint = connect_faulty(faults={"*": [429] * 50})

    began = time.perf_counter()
    run = nb.run(["A?"], endpoint, strategy=strategy, timeout=2.5)
    took = time.perf_counter() - began

    # The waits are drawn: now and then the last attempt begins so late that its time runs out.
    assert run.calls[0].outcome in {"error", "timeout"}
    assert took <= 2.5 + OVERSHOOT


@pytest.mark.parametrize("strategy", TWO)
def test_a_run_ends_with_its_time(strategy: str) -> None:
    endpoint = nb.connect(verbose=False)

    began = time.perf_counter()
    run = nb.run(
        nb.prompts.FAQ[::-1] * 5, endpoint, strategy=strategy, max_concurrency=2, run_timeout=1.2
    )
    took = time.perf_counter() - began

    outcomes = [call.outcome for call in run.calls]
    assert outcomes[0] == "ok"
    assert outcomes.count("timeout") >= 1
    assert outcomes.count("not_started") >= 1
    assert set(outcomes) == {"ok", "timeout", "not_started"}
    assert took <= 1.2 + OVERSHOOT + 0.3  # clients are opened before the run's time begins
    assert run.stopped == "run_timeout=1.2 s"


@pytest.mark.parametrize(
    "options",
    [
        {"strategy": "adaptive"},
        {"strategy": "gather", "max_cost": 1},
        {"strategy": "gather", "requests_per_minute": 3},
        {"strategy": "threads", "requests_per_minute": 3},
    ],
)
def test_a_run_whose_time_is_over_says_so_to_all_that_wait(options: dict[str, Any]) -> None:
    """Also to those that wait for a slot, or behind somebody who waits for a rate."""
    endpoint = connect_faulty(faults={"*": ["stall"] * 12})

    run = nb.run(["A?"] * 12, endpoint, run_timeout=0.5, max_concurrency=12, **options)

    assert run.stopped == "run_timeout=0.5 s"
    left = [call for call in run.calls if call.outcome == "not_started"]
    assert left
    assert {call.error_type for call in left} == {None}
    assert {call.error for call in left} == {"not sent: the run was stopped (run_timeout=0.5 s)"}


@pytest.mark.parametrize("options", [{"timeout": 0.2}, {"run_timeout": 0.2}])
def test_nothing_is_sent_after_the_time(options: dict[str, Any]) -> None:
    endpoint = connect_faulty(faults={"*": ["stall"] * 9})

    nb.run(["A?"] * 6, endpoint, max_concurrency=2, **options)
    before = len(read_log(endpoint)["requests"])
    let_pass(0.5)

    assert len(read_log(endpoint)["requests"]) == before


class TestDeadlines:
    """One timer for many blocks: each ends in its own time, whatever the order they began in."""

    async def test_each_block_ends_in_its_time(self) -> None:
        deadlines, loop = SharedTimer(), asyncio.get_running_loop()

        async def wait(seconds: float) -> float:
            began = loop.time()
            with pytest.raises(TimeoutError), Deadline(deadlines, seconds):
                await never()
            return loop.time() - began

        wanted = [2 * MAX_SLEEP, 0.3, 0.1, 0.2, MAX_SLEEP + 0.05, 0.0]
        took = await asyncio.gather(*map(wait, wanted))

        for seconds, measured in zip(wanted, took, strict=True):
            assert seconds <= measured < seconds + OVERSHOOT
        assert not deadlines.running

    async def test_what_is_through_in_time_is_left_alone(self) -> None:
        deadlines = SharedTimer()

        with Deadline(deadlines, 0.05):
            await give_way()

        await wait_until_async(lambda: not deadlines.running, patience=1)

    async def test_an_error_of_the_block_stays_what_it_is(self) -> None:
        with pytest.raises(KeyError), Deadline(SharedTimer(), 5):
            raise KeyError

    @pytest.mark.parametrize("seconds", [5, 0])
    async def test_who_is_cancelled_by_somebody_else_stays_cancelled(self, seconds: float) -> None:
        """Also if the time is over in the same moment."""

        async def wait() -> None:
            with Deadline(SharedTimer(), seconds):
                await never()

        task = asyncio.create_task(wait())
        await give_way()
        asyncio.get_running_loop().call_later(0, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

        assert task.cancelled()

    async def test_the_task_can_wait_again_after_it(self) -> None:
        with pytest.raises(TimeoutError), Deadline(SharedTimer(), 0.01):
            await never()

        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        async with asyncio.timeout(5):
            await take(0.01)

    async def test_the_timer_of_a_run_that_is_over_goes_away(self) -> None:
        deadlines = SharedTimer()

        with Deadline(deadlines, 3600):
            await give_way()

        await wait_until_async(lambda: deadlines._timer is None, patience=MAX_SLEEP + 1)
