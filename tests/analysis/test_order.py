from __future__ import annotations

from itertools import combinations
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiml_nb.analysis import (
    finishing_ranks,
    inverted_share,
    kendall_tau,
    overtakes,
    total_overtakes,
)
from aiml_nb.records import Run

from .builders import call, faq, make_run, timed


def brute_force(run: Run) -> list[int | None]:
    counts: list[int | None] = []
    for mine in run.calls:
        if mine.finished is None or mine.submitted is None:
            counts.append(None)
            continue
        earlier = [
            other
            for other in run.calls
            if other.submitted is not None
            and (other.submitted, other.index) < (mine.submitted, mine.index)
        ]
        counts.append(sum(o.finished is None or o.finished > mine.finished for o in earlier))
    return counts


def test_the_short_question_overtakes_the_long_one() -> None:
    comparison = faq()

    assert overtakes(comparison.sync) == [0, 0]
    assert overtakes(comparison.concurrent) == [0, 1]
    assert finishing_ranks(comparison.concurrent) == [2, 1]


def test_each_call_counts_the_earlier_ones_it_left_behind() -> None:
    run = make_run(*timed((0, 3), (0, 1), (0, 4), (0, 2)))

    assert overtakes(run) == [0, 1, 0, 2]
    assert total_overtakes(run) == 3


def test_a_call_that_never_finished_is_overtaken_and_overtakes_nobody() -> None:
    run = make_run(call(0, None, outcome="cancelled"), call(0, 1), call(outcome="not_started"))

    assert overtakes(run) == [None, 1, None]
    assert finishing_ranks(run) == [None, 1, None]


def test_identical_finishes_overtake_nobody_and_rank_in_order() -> None:
    run = make_run(*timed((0, 1), (0, 1), (0, 1)))

    assert overtakes(run) == [0, 0, 0]
    assert finishing_ranks(run) == [1, 2, 3]


def test_the_earlier_submitted_is_the_earlier_whatever_its_place() -> None:
    run = make_run(call(1, 2, submitted=1.0), call(0, 3, submitted=0.0))

    assert overtakes(run) == [1, 0]


def test_a_run_without_calls_has_no_order() -> None:
    assert overtakes(make_run()) == []
    assert total_overtakes(make_run()) == 0


stamps = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0, 1.5]), st.floats(0, 9))


@given(st.lists(st.tuples(stamps, stamps), max_size=30))
def test_counts_equal_those_of_comparing_every_pair(times: list[tuple[float, float]]) -> None:
    run = make_run(*(call(None, finish, submitted=submit) for submit, finish in times))

    assert overtakes(run) == brute_force(run)


def test_ten_thousand_calls_are_counted_at_once() -> None:
    """In reverse order, the worst for counting by insertion."""
    run = make_run(*(call(0, 20_000.0 - i) for i in range(10_000)))
    start = perf_counter()

    assert total_overtakes(run) == 10_000 * 9_999 // 2
    assert perf_counter() - start < 1


def test_tau_and_share_by_hand() -> None:
    """Finishes 2, 1, 3: one of three pairs is inverted, so tau is (2 - 1) / 3."""
    run = make_run(*timed((0, 2), (0, 1), (0, 3)))

    assert inverted_share(run) == pytest.approx(1 / 3)
    assert kendall_tau(run) == pytest.approx(1 / 3)


@given(st.lists(st.one_of(st.none(), st.integers(0, 6)), max_size=30))
def test_tau_is_over_the_calls_that_finished(ends: list[int | None]) -> None:
    run = make_run(*(call(0, end) for end in ends))
    finished = make_run(*(call(0, end) for end in ends if end is not None))

    assert kendall_tau(run) == kendall_tau(finished)


def test_tied_finishes_are_neither() -> None:
    run = make_run(*timed((0, 1), (0, 1), (0, 2)))

    assert inverted_share(run) == 0
    assert kendall_tau(run) == pytest.approx(2 / 3)


def test_tau_is_over_what_finished() -> None:
    run = make_run(call(0, None), call(0, 1), call(0, 2), call(outcome="not_started"))

    assert kendall_tau(run) == 1
    assert inverted_share(run) == pytest.approx(2 / 6)


@pytest.mark.parametrize("run", [make_run(), make_run(call(0, 1)), make_run(call(submitted=None))])
def test_one_call_has_no_order(run: Run) -> None:
    assert kendall_tau(run) is inverted_share(run) is None


@given(st.lists(st.integers(0, 20), min_size=2, max_size=40))
def test_tau_counts_pairs(ends: list[int]) -> None:
    run = make_run(*timed(*((0, end) for end in ends)))
    signs = [(b > a) - (b < a) for a, b in combinations(ends, 2)]

    assert kendall_tau(run) == pytest.approx(sum(signs) / len(signs))
