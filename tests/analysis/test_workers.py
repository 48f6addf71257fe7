"""The rows of a run whose calls were sent by several workers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aiml_nb.analysis.lanes import lanes
from aiml_nb.analysis.workers import (
    Band,
    in_flight_by_worker,
    parts,
    worker_lanes,
    worker_rows,
    workers,
)
from aiml_nb.records import Attempt, Call

from .builders import call, make_run, timed


def sent(*attempts: tuple[str | None, float, float | None], **fields: object) -> Call:
    """Return a call whose attempts were sent by these workers between these stamps."""
    made = call(attempts[0][1], attempts[-1][2], **fields)
    made.attempts = [
        Attempt(number=number, started=start, finished=stop, worker=worker)
        for number, (worker, start, stop) in enumerate(attempts, start=1)
    ]
    return made


def moved() -> Call:
    """Return a call whose first two attempts one worker sent, and another the last two."""
    return sent(("2", 0, 1), ("2", 2, 3), ("10", 5, 6), ("10", 7, 9))


def test_workers_are_in_the_order_of_their_numbers() -> None:
    run = make_run(*(sent((name, 0, 1)) for name in ("10", "2", "east-12", "east-3", "2", None)))

    assert workers(run) == ["2", "10", "east-3", "east-12"]


def test_a_call_has_a_part_with_each_worker_in_turn() -> None:
    run = make_run(moved(), call(outcome="not_started"), sent(("2", 1, None)))

    found = [(each.place, each.worker, each.started, each.attempts) for each in parts(run)]
    assert found == [(0, "2", 0, range(2)), (0, "10", 5, range(2, 4)), (2, "2", 1, range(1))]
    assert [each.finished for each in parts(run)] == [5, 9, float("inf")]


def test_lanes_are_grouped_by_worker_and_an_attempt_is_in_one_of_its_own() -> None:
    run = make_run(
        moved(), sent(("2", 0, 4)), sent(("10", 0, 6)), sent(("10", 6, 7)), sent((None, 0, 1)),
        call(outcome="not_started"),
    )  # fmt: skip

    placed = worker_lanes(run)

    assert placed.bands == [Band("2", 0, 2), Band("10", 2, 2), Band(None, 4, 1)]
    assert placed.attempt_rows == {0: [0, 0, 3, 3]}
    assert placed.rows == [3, 1, 2, 2, 4, None]
    assert placed.count == 5


def test_rows_of_calls_are_grouped_and_a_moved_call_has_two() -> None:
    run = make_run(sent(("10", 0, 1)), moved(), sent(("2", 0, 4)), call(outcome="not_started"))

    placed = worker_rows(run)

    assert placed.bands == [Band("2", 0, 2), Band("10", 2, 2), Band(None, 4, 1)]
    assert placed.rows == [2, 3, 1, 4]
    assert placed.attempt_rows == {1: [0, 0, 3, 3]}


def test_one_worker_or_none_changes_nothing() -> None:
    for name in ("1", None):
        run = make_run(*(sent((name, start, start + 2)) for start in (0, 1, 2)))

        assert worker_lanes(run).rows == lanes(run) == [0, 1, 0]
        assert [*worker_rows(run).rows] == [0, 1, 2]
        assert worker_lanes(run).bands == worker_rows(run).bands == []
    empty = make_run()
    assert worker_lanes(empty).count == 1
    assert worker_rows(empty).count == 0
    assert worker_lanes(make_run(*timed((0, 1), (0, 1)))).count == 2


def test_what_a_worker_has_in_flight_is_its_attempts_without_the_waits() -> None:
    found = in_flight_by_worker(make_run(moved(), sent(("2", 4, None))))

    assert {name: spans.tolist() for name, spans in found.items()} == {
        "2": [[0, 1], [2, 3], [4, 9]],
        "10": [[5, 6], [7, 9]],
    }


attempts = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(0, 3), st.integers(0, 3)),
    min_size=1,
    max_size=4,
)


@given(st.lists(st.tuples(st.integers(0, 9), attempts), max_size=20))
def test_parts_in_a_lane_never_overlap_and_all_of_them_are_of_its_worker(
    drawn: list[tuple[int, list[tuple[str | None, int, int]]]],
) -> None:
    calls = []
    for start, made in drawn:
        at, spans = start, []
        for worker, wait, took in made:
            spans.append((worker, float(at + wait), float(at + wait + took)))
            at += wait + took
        calls.append(sent(*spans))
    run = make_run(*calls)
    if len(workers(run)) < 2:
        return
    placed, held = worker_lanes(run), {}  # type: ignore[var-annotated]
    band_of = {row: b.worker for b in placed.bands for row in range(b.first, b.first + b.rows)}

    for part in parts(run):
        rows = placed.attempt_rows.get(part.place, [placed.rows[part.place]] * 4)
        row = rows[part.attempts.start]
        assert band_of[row] == part.worker
        held.setdefault(row, []).append((part.started, part.finished))
    assert held.keys() == set(range(placed.count))
    for spans in held.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(spans)))
