"""The budgets of a run: what they hold at most, and that chance does not use them up."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aiml_nb as nb
from aiml_nb.endpoint.failures import Failure
from aiml_nb.runner.pacing.clock import Clock
from aiml_nb.runner.retries.retry_budget import RetryBudget
from aiml_nb.runner.retries.retry_policy import FIRST_RETRIES, Retries
from aiml_nb.runner.retries.tries import Tries

from .conftest import connect_faulty, run_skipping

KINDS = ["connect", "no_reply", "408", "429", "500", "503", "400"]


class TestSupply:
    def test_begins_full_and_refills_by_a_share_of_the_answers(self) -> None:
        budget = RetryBudget(3, 0.5)
        assert [budget.take() for _ in range(4)] == [True, True, True, False]
        budget.refill()
        assert not budget.take()
        budget.refill()

        assert [budget.take(), budget.take()] == [True, False]

    def test_never_holds_more_than_at_first(self) -> None:
        budget = RetryBudget(3, 0.5)
        for _ in range(100):
            budget.refill()

        assert [budget.take() for _ in range(4)] == [True, True, True, False]

    @given(st.integers(0, 9), st.floats(0, 3), st.lists(st.booleans(), max_size=200))
    def test_gives_out_no_more_than_it_says(
        self, most: int, share: float, events: list[bool]
    ) -> None:
        budget, taken = RetryBudget(most, share), 0
        for is_answer in events:
            if is_answer:
                budget.refill()
            else:
                taken += budget.take()

        assert taken <= budget.max_taken(sum(events))


@given(
    calls=st.integers(1, 12),
    attempts=st.integers(1, 4),
    share=st.sampled_from([0.0, 0.2, 0.5, 2.0]),
    in_flight=st.integers(1, 200),
    events=st.lists(st.sampled_from(["ok", *KINDS, "worker"]), min_size=1, max_size=400),
    is_away=st.booleans(),
    billed=st.booleans(),
)
def test_no_run_sends_more_than_it_says(
    calls: int,
    attempts: int,
    share: float,
    in_flight: int,
    events: list[str],
    is_away: bool,
    billed: bool,
) -> None:
    retries = Retries(
        calls, attempts, Clock(1), retry_share=share, in_flight=in_flight, has_workers=True
    )
    most, sent, left = retries.max_requests, 0, iter(events * 40)
    for _ in range(calls):
        tries, goes_on = Tries(), True
        while goes_on:
            kind = next(left, "ok")
            sent += kind != "connect"
            if kind == "ok":
                retries.note_answer()
                break
            failure = Failure(kind, None, billed or kind == "worker", "No.")
            verdict = retries.judge(failure, tries, streamed=False, left=1e9, is_away=is_away)
            goes_on = verdict.wait is not None

    assert sent <= most
    assert attempts > 1 or most == calls


def test_chance_does_not_use_up_the_budget_of_a_run_that_fails_three_times_in_ten() -> None:
    draw = random.Random(7)  # noqa: S311
    for in_flight in [1] * 40 + [50] * 10:
        retries = Retries(5000, 3, Clock(1), in_flight=in_flight)
        failure = Failure("500", 500, True, "No.")
        for _ in range(5000):
            tries = Tries()
            while draw.random() < 0.3:
                verdict = retries.judge(failure, tries, streamed=False, left=1e9)
                assert "budget" not in verdict.remark
                if verdict.wait is None:
                    break
            else:
                retries.note_answer()


def test_a_server_that_breaks_in_the_middle_is_not_asked_three_times_for_the_rest() -> None:
    retries, failure, sent = Retries(10_000, 3, Clock(1)), Failure("500", 500, True, "No."), 0
    for _ in range(5000):
        retries.note_answer()
    for _ in range(5000):
        tries = Tries()
        sent += 1
        while retries.judge(failure, tries, streamed=False, left=1e9).wait is not None:
            sent += 1

    assert sent == 5000 + FIRST_RETRIES


@pytest.mark.parametrize("value", [-0.1, 11, float("nan"), "0.5", True, None])
def test_what_is_no_share_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="retry_share must be a number from 0 to 10"):
        nb.run(["Who?"], retry_share=value)


@pytest.mark.parametrize("strategy", ["sequential", "gather"])
def test_what_cloudflare_says_of_the_server_behind_it_may_pass(strategy: str) -> None:
    endpoint = connect_faulty(faults={1: {"status": 520}, 2: {"status": 524}})

    run = run_skipping(["Who?"], endpoint, strategy=strategy)

    assert [attempt.status for attempt in run.calls[0].attempts] == [520, 524, 200]
