from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aiml_nb.analysis import peak_in_flight
from aiml_nb.analysis.lanes import lanes

from .builders import call, make_run, timed

spans = st.tuples(st.floats(0, 50), st.floats(0, 50)).map(lambda span: (span[0], sum(span)))


def test_a_call_takes_the_lowest_free_lane() -> None:
    run = make_run(*timed((0, 3), (0, 1), (0, 2), (1, 5), (2.5, 4)))

    assert lanes(run) == [0, 1, 2, 1, 2]


def test_a_lane_is_free_at_the_moment_its_call_finishes() -> None:
    assert lanes(make_run(*timed((0, 1), (1, 2), (2, 2), (2, 3)))) == [0, 0, 0, 0]


def test_what_never_started_has_no_lane_and_what_never_finished_keeps_it() -> None:
    run = make_run(call(outcome="not_started"), call(0, None), call(1, 2), call(2, 3))

    assert lanes(run) == [None, 0, 1, 1]


@given(st.lists(spans, max_size=40))
def test_lanes_never_overlap_and_there_are_no_more_than_needed(
    times: list[tuple[float, float]],
) -> None:
    run = make_run(*timed(*times))
    found = lanes(run)

    for lane in set(found):
        held = sorted(times[i] for i, place in enumerate(found) if place == lane)
        assert all(before[1] <= after[0] for before, after in pairwise(held))
    # Calls of no duration may need a lane beside one that ends there.
    if all(start < end for start, end in times):
        assert len(set(found)) == peak_in_flight(run)
