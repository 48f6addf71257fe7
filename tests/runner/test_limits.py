"""The limiter and the rate windows: what they let through, and when."""

from __future__ import annotations

import asyncio
import math
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aiml_nb as nb
from aiml_nb.prompts import as_prompts
from aiml_nb.report.caveats import caveat_idle_slots
from aiml_nb.runner.execute import execute
from aiml_nb.runner.limits.estimate import Estimator
from aiml_nb.runner.limits.limiter import AdaptiveLimiter
from aiml_nb.runner.limits.rates import MINUTE, RateWindow

from ..waiting import give_way
from .conftest import SkippingClock, connect_faulty, reopen, run_skipping
from .test_run import read_log


def send(limiter: AdaptiveLimiter, count: int = 1) -> list[int]:
    """Let attempts in and send them; return how many others were in flight at each."""
    levels = []
    for _ in range(count):
        assert limiter.acquire(timeout=0)
        levels.append(limiter.note_sent())
    return levels


class TestGate:
    async def test_lets_as_many_in_as_its_limit(self) -> None:
        limiter = AdaptiveLimiter(2)

        assert await limiter.acquire_async(timeout=math.inf)
        level = limiter.note_sent()
        assert await limiter.acquire_async(timeout=math.inf)
        assert not await limiter.acquire_async(timeout=0.01)
        limiter.release(level=level, sent=0, now=1, status=200)
        assert await limiter.acquire_async(timeout=0.01)

    async def test_a_cancelled_waiter_passes_its_turn_on(self) -> None:
        limiter = AdaptiveLimiter(1)
        await limiter.acquire_async(timeout=math.inf)
        level = limiter.note_sent()
        first = asyncio.create_task(limiter.acquire_async(timeout=math.inf))
        second = asyncio.create_task(limiter.acquire_async(timeout=math.inf))
        await give_way()
        limiter.release(level=level, sent=0, now=1, status=200)
        first.cancel()

        assert await asyncio.wait_for(second, 1)
        assert limiter.in_flight == 1

    async def test_who_comes_again_goes_first(self) -> None:
        limiter = AdaptiveLimiter(1)
        await limiter.acquire_async(timeout=math.inf)
        order: list[str] = []

        async def come(name: str, *, priority: int) -> None:
            await limiter.acquire_async(timeout=math.inf, priority=priority)
            order.append(name)
            limiter.release_unused()

        tasks = [asyncio.create_task(come("new", priority=5))]
        await give_way()
        tasks.append(asyncio.create_task(come("again", priority=2)))
        await give_way()
        limiter.release_unused()
        await asyncio.gather(*tasks)

        assert order == ["again", "new"]

    def test_threads_wait_their_turn_and_lose_patience(self) -> None:
        limiter = AdaptiveLimiter(1)
        assert limiter.acquire(timeout=math.inf)
        assert not limiter.acquire(timeout=0.01)
        threading.Timer(0.05, limiter.release_unused).start()

        assert limiter.acquire(timeout=5)

    def test_shrinks_to_what_is_taken_and_recovers(self) -> None:
        limiter = AdaptiveLimiter(20)
        levels = send(limiter, 20)
        for level in levels[7:]:
            limiter.release(level=level, sent=0.0, now=1.0, status=429)
        limiter.end_round(1.5)
        assert limiter.limit == 7
        for level in levels[:7]:
            limiter.release(level=level, sent=0.0, now=2.0, status=200)

        for step in range(5000):
            (level,) = send(limiter)
            limiter.release(level=level, sent=2.0 + step, now=3.0 + step, status=200)
        assert limiter.limit == 20
        assert [change.cause for change in limiter.history[:3]] == ["start", "429", "ok"]

    def test_never_goes_below_one(self) -> None:
        limiter = AdaptiveLimiter(4)
        for step in range(50):
            (level,) = send(limiter)
            limiter.release(level=level, sent=step + 0.5, now=step + 1.0, status=429)

            assert 1 <= limiter.limit <= 4
        assert min(change.limit for change in limiter.history) == 1

    def test_a_limit_that_is_learned_doubles_until_the_first_429(self) -> None:
        limiter = AdaptiveLimiter(1000, first=4)
        for level in send(limiter, 4):
            limiter.release(level=level, sent=0, now=1, status=200)

        assert limiter.limit == 8

    def test_who_waits_inside_is_passed_by_one_with_a_lower_place(self) -> None:
        limiter = AdaptiveLimiter(5)
        assert limiter.acquire(timeout=0, priority=9)
        assert limiter.may_wait_in_slot(9)
        assert not limiter.acquire(timeout=0.01, priority=11)
        assert limiter.may_wait_in_slot(9)
        lower = threading.Thread(target=limiter.acquire, kwargs={"timeout": 5, "priority": 3})
        lower.start()
        while limiter.may_wait_in_slot(9):
            pass
        limiter.release_unused()
        lower.join(5)

        assert not lower.is_alive()
        assert limiter.in_flight == 1

    def test_one_that_stays_makes_room_only_when_it_is_freed(self) -> None:
        limiter = AdaptiveLimiter(1)
        (level,) = send(limiter)
        limiter.release(level=level, sent=0, now=1, status=503, delays_release=True)

        assert not limiter.acquire(timeout=0.01)
        limiter.release_delayed()
        assert limiter.acquire(timeout=1)


class TestRateWindow:
    @given(
        st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40)), min_size=1, max_size=60),
        st.integers(40, 100),
    )
    def test_no_sixty_seconds_ever_hold_more_than_the_limit(
        self, steps: list[tuple[int, int]], limit: int
    ) -> None:
        window, now, taken = RateWindow(limit), 0.0, []
        for pause, amount in steps:
            now += pause
            while (wait := window.wait(amount, now)) > 0:
                now += wait
            window.take(amount, now)
            taken.append((now, amount))

        for end, _ in taken:
            inside = sum(amount for at, amount in taken if end - MINUTE + 1e-6 < at <= end)
            assert inside <= limit

    @given(
        st.lists(
            st.tuples(st.integers(0, 30), st.integers(1, 40), st.floats(0, 20)),
            min_size=1,
            max_size=60,
        ),
        st.integers(40, 100),
    )
    def test_nor_if_requests_are_sent_later_than_they_were_let_go(
        self, steps: list[tuple[int, int, float]], limit: int
    ) -> None:
        """When one was really sent is known before the next is let go; so it may be, and later."""
        window, now, sent = RateWindow(limit), 0.0, [(0.0, 0)]
        for pause, amount, late in steps:
            now = max(now + pause, sent[-1][0])
            while (wait := window.wait(amount, now)) > 0:
                now += wait
            window.postpone(window.take(amount, now), now + late)
            sent.append((now + late, amount))

        for end, _ in sent:
            inside = sum(amount for at, amount in sent if end - MINUTE + 1e-6 < at <= end)
            assert inside <= limit

    def test_a_stamp_out_of_order_is_waited_for(self) -> None:
        window = RateWindow(10)
        window.postpone(window.take(6, 0.0), 25.0)
        window.take(4, 20.0)

        assert window.wait(10, 30.0) == 55.0

    def test_does_not_wait_longer_than_it_must(self) -> None:
        window = RateWindow(10)
        window.take(6, 0.0)
        window.take(4, 20.0)

        assert window.wait(1, 30.0) == 30.0
        assert window.wait(7, 30.0) == 50.0
        assert window.wait(1, 60.0) == 0.0

    def test_more_than_fits_at_all_waits_for_an_empty_window(self) -> None:
        window = RateWindow(10)

        assert window.wait(99, 0.0) == 0.0
        window.take(99, 0.0)
        assert window.wait(1, 1.0) == 59.0

    def test_usage_replaces_the_estimate(self) -> None:
        window = RateWindow(10)
        reservation = window.take(10, 0.0)
        window.correct(reservation, 3)

        assert window.wait(7, 1.0) == 0.0
        assert window.wait(8, 1.0) == 59.0


@pytest.mark.parametrize("strategy", ["sequential", "threads", "gather", "workers"])
def test_requests_per_minute_hold_in_a_run(strategy: str) -> None:
    clock = SkippingClock()
    endpoint = connect_faulty()

    run = run_skipping(
        [f"Q{n}" for n in range(25)],
        endpoint,
        clock,
        strategy=strategy,
        max_concurrency=4,
        requests_per_minute=10,
    )

    assert {call.outcome for call in run.calls} == {"ok"}
    started = sorted(call.started or 0.0 for call in run.calls)
    assert all(
        later - earlier >= MINUTE - 0.01
        for earlier, later in zip(started, started[10:], strict=False)
    )
    assert run.makespan >= 2 * MINUTE - 0.01
    # Time for which the run held its calls back is no code's fault.
    assert run.held_time >= 2 * MINUTE - 1
    assert "code" not in caveat_idle_slots(run)
    # Waiting for the window is waiting for our own limit.
    assert max(call.queue_time or 0.0 for call in run.calls) >= 2 * MINUTE - 0.01


@pytest.mark.parametrize("strategy", ["gather", "workers", "adaptive"])
@pytest.mark.parametrize(
    ("scenario", "options"), [("seven", {}), ("instant", {"requests_per_minute": 9})]
)
def test_a_pause_or_a_rate_does_not_change_who_is_next(
    strategy: str, scenario: str, options: dict[str, Any]
) -> None:
    """Calls are sent in the order of their prompts, but for as many as have slots."""
    endpoint = connect_faulty(scenario, speed=20)

    run = run_skipping(
        [f"Q{n}" for n in range(60)],
        endpoint,
        strategy=strategy,
        max_concurrency=12,
        timeout=10_000,
        **options,
    )

    assert {call.outcome for call in run.calls} == {"ok"}
    order = [call.index for call in sorted(run.calls, key=lambda call: call.started or 0.0)]
    assert all(abs(priority - index) <= 12 for priority, index in enumerate(order))


def test_tokens_per_minute_hold_in_a_run() -> None:
    endpoint = connect_faulty()

    run = run_skipping(
        ["Who?"] * 12, endpoint, tokens_per_minute=600, max_tokens=50, max_concurrency=3
    )

    assert all(call.finished is not None for call in run.calls)
    spent = [(c.started or 0.0, (c.input_tokens or 0) + (c.output_tokens or 0)) for c in run.calls]
    estimate = Estimator({"max_tokens": 50}).estimate(as_prompts(["Who?"])[0]).total
    # Until they are answered, those in flight count as what they were estimated at.
    unforeseen = 3 * max(0, max(used for _, used in spent) - estimate)
    for end, _ in spent:
        within = sum(used for at, used in spent if end - MINUTE + 0.01 < at <= end)
        assert within <= 600 + unforeseen


@pytest.mark.parametrize(
    ("prompt", "options", "words"),
    [
        ("word " * 4000, {"max_tokens": 50}, ["Prompt 2", "5,054 tokens", "send less text"]),
        ("Who?", {"max_tokens": 600}, ["Prompt 1", "605 tokens", "lower max_tokens"]),
        ("Who?", {"max_tokens": 9, "system": "word " * 400}, ["Prompt 1", "518 tokens"]),
        ("Who?", {}, ["Prompt 1", "505 tokens", "500 assumed", "set max_tokens"]),
        ({"prompt": "Who?", "max_tokens": 900}, {"max_tokens": 50}, ["Prompt 2", "905 tokens"]),
    ],
)
def test_a_call_too_large_for_a_minute_is_refused_before_anything_is_sent(
    prompt: object, options: dict[str, int], words: list[str]
) -> None:
    endpoint = connect_faulty()

    with pytest.raises(ValueError, match="tokens_per_minute=400 would never") as caught:
        nb.run(["Who?", prompt], endpoint, tokens_per_minute=400, **options)

    assert all(word in str(caught.value) for word in words)
    assert read_log(endpoint)["requests"] == []


@pytest.mark.parametrize("strategy", ["gather", "sequential"])
def test_a_run_that_may_send_nothing_more_does_not_wait_for_its_rate(strategy: str) -> None:
    run = nb.run(
        ["Who?"] * 6,
        connect_faulty(),
        strategy=strategy,
        requests_per_minute=5,
        max_calls=5,
        run_timeout=20,
    )

    assert run.stopped is not None
    assert run.stopped.startswith("blocked_by_budget: max_calls=5")


def test_the_minute_goes_on_when_a_run_does(tmp_path: Path) -> None:
    endpoint, path = connect_faulty(), tmp_path / "j.jsonl"
    limits = {"requests_per_minute": 5, "tokens_per_minute": 10_000}
    nb.run(["Who?"] * 9, endpoint, journal=path, max_calls=5, **limits)

    journal, plan = reopen(path, endpoint, max_calls=None)
    again = execute(plan, journal=journal, clock=SkippingClock())

    starts = sorted(call.started or 0.0 for call in again.calls)
    assert {call.outcome for call in again.calls} == {"ok"}
    assert all(late - early > MINUTE for early, late in zip(starts, starts[5:], strict=False))


def test_what_is_left_is_checked_and_not_what_is_answered(tmp_path: Path) -> None:
    endpoint, path = connect_faulty(), tmp_path / "j.jsonl"
    prompts = ["x" * 40_000, "Who?", "x" * 20_000]
    nb.run(prompts, endpoint, journal=path, max_calls=2, strategy="sequential")

    with pytest.raises(ValueError, match="Prompt 3 comes to about 5,504 tokens"):
        nb.resume(path, endpoint, tokens_per_minute=1000, max_calls=None)

    assert nb.resume(path, endpoint, tokens_per_minute=50_000, max_calls=None).stopped is None


def test_a_fixed_limit_is_a_ceiling_that_shrinks_on_429s() -> None:
    """A server that allows 7 in flight: a rigid limit of 20 would fail most, this fails none."""
    endpoint = nb.connect(scenario="seven", speed=30, verbose=False)

    run = nb.run([f"Q{n}" for n in range(60)], endpoint, max_concurrency=20)

    assert {call.outcome for call in run.calls} == {"ok"}
    assert {change.cause for change in run.limit_history} >= {"start", "429"}
    assert min(change.limit for change in run.limit_history) < 20


@pytest.mark.parametrize("strategy", ["gather", "threads"])
def test_after_a_pause_the_refused_call_goes_before_those_that_were_never_sent(
    strategy: str,
) -> None:
    endpoint = connect_faulty("faq", speed=20, faults={4: "retry-after:1"})
    questions = [f"Question {number}?" for number in range(10)]
    run = nb.run(questions, endpoint, strategy=strategy, max_concurrency=3, progress=False)

    (refused,) = [call for call in run.calls if len(call.attempts) == 2]
    again = refused.attempts[1].started
    after = [call.started for call in run.calls if call.started > refused.attempts[0].finished]
    assert [call.outcome for call in run.calls] == ["ok"] * 10
    assert again >= refused.attempts[0].finished + 1
    assert len(after) > 3
    assert min(after) >= again
