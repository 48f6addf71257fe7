"""What the records give away about idle slots, and what they must not be blamed for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiml_nb.analysis import diagnose, upper_bound
from aiml_nb.records import LimitChange, Run
from aiml_nb.report import what_if
from aiml_nb.report.caveats import caveat_idle_slots
from aiml_nb.report.wording import at_a_time

from .builders import call, make_run, make_sync, timed, with_retries
from .schedules import chunked, first_come, serialised

durations = st.lists(st.floats(0.01, 100), min_size=2, max_size=60)


def kind_of(run: Run) -> str | None:
    found = diagnose(run)
    return found.kind if found else None


def test_one_at_a_time() -> None:
    found = diagnose(serialised([1, 2, 3], slots=3))

    assert found is not None
    assert (found.kind, found.slots, found.peak) == ("one_at_a_time", 3, 1)
    assert (found.makespan, found.upper_bound, found.lost) == (6, 4, 2)


def test_batches() -> None:
    """Two slots: (1, 4), (1, 4), (1, 4) take 12 s where 9.5 s is the most that is needed."""
    found = diagnose(chunked([1, 4, 1, 4, 1, 4], slots=2))

    assert found is not None
    assert (found.kind, found.batches, found.size) == ("batches", 3, 2)
    assert (found.makespan, found.upper_bound, found.lost) == (12, 9.5, 3)


def test_batches_that_cost_little_time_are_seen_too() -> None:
    """It is below the upper bound, and yet a tenth of it was waiting for the slowest."""
    found = diagnose(chunked([1, 1.4, 1, 1.4, 1, 1.4], slots=2))

    assert found is not None
    assert found.makespan < found.upper_bound
    assert found.kind == "batches"


def test_equal_calls_look_like_batches_and_waste_nothing() -> None:
    assert kind_of(chunked([1.0] * 6, slots=2)) is None


def test_a_limit_that_was_not_reached() -> None:
    run = make_run(*timed(*((i // 2, i // 2 + 1) for i in range(20))), max_concurrency=10)
    found = diagnose(run)

    assert found is not None
    assert (found.kind, found.peak, found.slots) == ("limit_not_reached", 2, 10)


def test_calls_that_ended_before_the_last_was_begun() -> None:
    """One begins each 0.01 s and takes 0.05 s: of 100 allowed there are 5 in flight."""
    run = make_run(
        *timed(*((i * 0.01, i * 0.01 + 0.05 + i % 3 * 1e-4) for i in range(100))),
        max_concurrency=100,
    )
    found = diagnose(run)

    assert found is not None
    assert (found.kind, found.peak, found.slots) == ("slow_start", 6, 100)
    assert found.lost == pytest.approx(0.99)
    assert caveat_idle_slots(run) == (
        "It took the program 0.99 s to begin all the calls, and the first were answered before the "
        "last were sent: no more than 6 were in flight at once. A higher limit would change "
        "nothing."
    )
    assert at_a_time(run) == "up to 6 at a time"
    assert "0.99 s to begin all the calls" in what_if(run, max_concurrency=100).caveat


def test_pauses_after_429s() -> None:
    run = make_run(
        *timed((0, 1), (0, 1.5), (1, 2)), with_retries(9, times=(0.1, 1, 0.1)), max_concurrency=2
    )

    assert kind_of(run) == "pauses"


@pytest.mark.parametrize(
    ("kind", "slots", "spans"),
    [
        ("idle", 2, ((0, 1), (0, 2), (1.5, 4), (6, 7), (6, 7))),
        ("one_at_a_time", 4, ((0, 1), (2, 3), (4, 5), (6, 7))),
        ("limit_not_reached", 4, ((0, 1), (0, 1), (1, 2), (1, 2), (7, 8), (7, 8))),
    ],
)
def test_gaps_for_which_the_run_held_its_calls_back_are_nobodys_code(
    kind: str, slots: int, spans: tuple[tuple[float, float], ...]
) -> None:
    """By requests_per_minute, or while the server was away."""
    run = make_run(*timed(*spans), max_concurrency=slots)
    assert kind_of(run) == kind

    run.held_time = 4.0
    assert kind_of(run) == "held"
    said = caveat_idle_slots(run)
    assert said.startswith("Calls were held back for 4.00 s, by limits of the run")
    assert "code" not in said


def test_one_at_a_time_after_429s_is_a_matter_of_429s() -> None:
    run = make_run(with_retries(0, times=(0.1, 3, 0.1)), *timed((3.3, 3.4), (3.5, 3.6)))
    run.max_concurrency = 3

    assert kind_of(run) == "pauses"


def test_the_gap_before_a_run_went_on_is_nobodys_code() -> None:
    run = make_run(*timed((0, 1), (0, 2), (3600, 3601), (3600, 3602)), max_concurrency=2)
    assert kind_of(run) == "idle"

    for later in run.calls[2:]:
        later.submitted = 3600
    assert kind_of(run) is None


def test_gaps_without_a_reason() -> None:
    run = make_run(*timed((0, 1), (0, 2), (1.5, 4), (6, 7), (6, 7)), max_concurrency=2)

    assert kind_of(run) == "idle"


@pytest.mark.parametrize(
    "run",
    [
        make_run(),
        make_run(call(0, 1)),
        make_run(*(call(outcome="not_started") for _ in range(5))),
        make_run(call(0, 0), call(0, 0)),
        make_sync(*timed((0, 1), (1, 2))),
        make_run(*timed((0, 1), (1, 2)), max_concurrency=1),
        make_run(*(call(0, 1, outcome="error") for _ in range(4))),
        make_run(call(0, 1), call(0, None, outcome="cancelled"), call(0, 2)),
    ],
)
def test_nothing_to_say(run: Run) -> None:
    assert diagnose(run) is None


def test_a_limit_that_shrank_raises_the_bound() -> None:
    history = [
        LimitChange(at=0.0, limit=4, cause="start"),
        LimitChange(at=1.0, limit=2, cause="429"),
    ]
    run = first_come([1.0] * 4 + [1.0] * 4, slots=2)
    run.max_concurrency = 4
    assert kind_of(run) == "limit_not_reached"

    run.limit_history = history
    assert upper_bound(run) == 4.5
    assert kind_of(run) is None


@given(durations, st.integers(2, 12))
def test_slots_that_are_never_idle_are_never_blamed(lengths: list[float], slots: int) -> None:
    run = first_come(lengths, slots=slots)
    bound = upper_bound(run)

    assert bound is not None
    assert run.makespan <= bound * (1 + 1e-9)
    assert diagnose(run) is None


@given(durations, st.integers(2, 12))
def test_a_serialised_run_is_always_found(lengths: list[float], slots: int) -> None:
    assert kind_of(serialised(lengths, slots=slots)) == "one_at_a_time"
