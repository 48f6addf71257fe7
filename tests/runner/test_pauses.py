"""Pauses of all calls, and how they begin again."""

from __future__ import annotations

import pytest

from aiml_nb.runner.retries.pauses import (
    FIRST_WAVE,
    MAX_WINDOW,
    Pauses,
    Refusals,
    RetryAfterEvidence,
)


def take_all(pauses: Pauses, now: float, *, limit: int = 1000) -> int:
    """Return how many calls may be sent at this moment."""
    count = 0
    while pauses.is_on and pauses.wait(now) == 0 and count < limit:
        pauses.take(limit)
        count += 1
    return count


def test_after_a_pause_a_few_go_first_and_then_twice_as_many() -> None:
    pauses = Pauses()
    pauses.begin(0.0, 10.0, asked_for=True, took=0.05)

    assert pauses.wait(4.0) == 6.0
    assert take_all(pauses, 10.0) == FIRST_WAVE
    assert take_all(pauses, 10.05) == 0
    assert take_all(pauses, 10.11) == 2 * FIRST_WAVE


@pytest.mark.parametrize("idle", [10.0, 300.0, 1e5])
def test_a_pause_that_nobody_has_asked_about_for_long_is_over(idle: float) -> None:
    pauses = Pauses()
    pauses.begin(0.0, 1.0, asked_for=True, took=0.001)

    assert pauses.wait(1.0 + idle) == 0
    pauses.take(50)
    assert not pauses.is_on


def test_half_of_the_last_requests_are_a_burst_and_less_is_none() -> None:
    refusals = Refusals(50)
    for number in range(2 * MAX_WINDOW):
        refusals.sent += 1
        if number % 3 == 0:
            refusals.note()
        assert not refusals.is_burst()
    for _ in range(MAX_WINDOW // 2):
        refusals.sent += 1
        refusals.note()

    assert refusals.is_burst()


def test_a_hint_that_others_do_not_need_is_in_vain_until_it_is_forgotten() -> None:
    evidence = RetryAfterEvidence()
    evidence.note_pause(2.0, sent=1.0)
    for sent in (0.5, 1.5, 1.6, 3.0):  # the first and the last tell nothing
        evidence.note_answer(sent)
    assert not evidence.concerns_one_call
    evidence.note_answer(1.7)
    assert evidence.concerns_one_call
    evidence.note_429(1.8)
    assert not evidence.concerns_one_call

    evidence.reset()
    assert not evidence.concerns_one_call
