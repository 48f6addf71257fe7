from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiml_nb.analysis import efficiency, lower_bound, mean_in_flight, peak_in_flight, upper_bound
from aiml_nb.analysis.bounds import slots
from aiml_nb.records import LimitChange, Run

from .builders import call, faq, make_run, make_sync, timed
from .schedules import first_come


def test_without_an_effective_limit_the_longest_call_is_the_bound() -> None:
    concurrent = faq().concurrent

    assert lower_bound(concurrent) == 3.12
    assert efficiency(concurrent) == 1.0


def test_one_at_a_time_the_sum_is_the_bound() -> None:
    run = make_sync(*timed((0, 2), (2, 5)))

    assert lower_bound(run) == 5
    assert peak_in_flight(run) == 1


def test_busy_slots_set_the_bound() -> None:
    """Five calls of a second in two slots."""
    run = make_run(*timed((0, 1), (0, 1), (1, 2), (1, 2), (3, 4)), max_concurrency=2)

    assert lower_bound(run) == 2.5
    assert efficiency(run) == 0.625


def test_two_of_the_longest_must_share_a_slot() -> None:
    """Three calls of 2 s in two slots: the sum allows 3 s, but two of them run in one slot."""
    run = make_run(*timed((0, 2), (0, 2), (2, 4)), max_concurrency=2)

    assert lower_bound(run) == 4


def test_more_in_flight_than_allowed_raises_the_limit() -> None:
    run = make_run(*timed((0, 2), (0, 2)), max_concurrency=1)

    assert lower_bound(run) == 2


def test_failed_calls_took_their_slots_too() -> None:
    run = make_sync(call(0, 2), call(2, 3, outcome="error", error_type="500"))

    assert lower_bound(run) == 3


@pytest.mark.parametrize(
    "run", [make_run(), make_run(call(outcome="not_started")), make_run(call(0, None))]
)
def test_nothing_finished_has_no_bound(run: Run) -> None:
    assert lower_bound(run) is None
    assert efficiency(run) is None
    assert mean_in_flight(run) == 0


def test_a_call_takes_over_the_slot_at_the_moment_it_is_free() -> None:
    assert peak_in_flight(make_run(*timed((0, 1), (1, 2), (1, 3)))) == 2
    assert peak_in_flight(make_run(*timed((0, 0)))) == 1
    assert peak_in_flight(make_run()) == 0


def test_the_mean_in_flight_is_work_over_makespan() -> None:
    assert mean_in_flight(make_run(*timed((0, 4), (0, 2)))) == 1.5


def test_what_never_finished_is_in_flight_to_the_end() -> None:
    run = make_run(call(0, 4), call(1, None, outcome="cancelled"), call(None, None))

    assert mean_in_flight(run) == (4 + 3) / 4
    assert peak_in_flight(run) == 2


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40), st.integers(1, 12))
def test_no_first_come_schedule_beats_the_bound(durations: list[float], count: int) -> None:
    run = first_come(durations, slots=count)
    bound = lower_bound(run)

    assert bound is not None
    assert bound <= run.makespan * (1 + 1e-9) + 1e-9
    assert bound >= max(call.duration or 0 for call in run.calls)


spans = st.tuples(st.floats(0, 50), st.floats(0, 50)).map(lambda span: (span[0], sum(span)))


@given(st.lists(spans, min_size=1, max_size=30), st.integers(1, 40))
def test_no_records_at_all_beat_the_bound(times: list[tuple[float, float]], limit: int) -> None:
    run = make_run(*timed(*times), max_concurrency=limit)
    bound = lower_bound(run)

    assert bound is not None
    assert bound <= run.makespan * (1 + 1e-9) + 1e-9


def test_the_upper_bound_by_hand() -> None:
    """Calls of 3, 1, 2 and 2 s in two slots: 8 / 2 + 3 / 2."""
    run = first_come([3, 1, 2, 2], slots=2)

    assert upper_bound(run) == 5.5
    assert run.makespan == 5


def test_what_never_finished_held_its_slot() -> None:
    run = make_run(call(0, 4), call(1, None, outcome="cancelled"), max_concurrency=2)

    assert upper_bound(run) == (4 + 3) / 2 + 4 / 2


def test_a_limit_that_changed_bounds_from_both_sides() -> None:
    history = [
        LimitChange(at=0.0, limit=4, cause="start"),
        LimitChange(at=1.0, limit=2, cause="429"),
    ]
    run = make_run(*timed(*((0, 1),) * 4, (1, 2), (1, 2)), max_concurrency=9, limit_history=history)

    assert slots(run) == 4
    assert lower_bound(run) == 2
    assert upper_bound(run) == 6 / 2 + 1 / 2


def test_nothing_finished_has_no_upper_bound() -> None:
    assert upper_bound(make_run()) is upper_bound(make_run(call(0, None))) is None
