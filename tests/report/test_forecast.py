from __future__ import annotations

from typing import Any

import pytest

from aiml_nb.records import Comparison
from aiml_nb.report import what_if

from ..analysis.builders import call, make_run, make_sync, timed
from ..analysis.schedules import first_come


def test_the_replay_by_hand() -> None:
    """Durations 3, 1, 2, 2: one slot 8 s; two slots (3, 2) and (1, 2): 5 s; more: 3 s."""
    forecast = what_if(first_come([3, 1, 2, 2], slots=2), max_concurrency=[4, 2, 1, 2, 9])
    frame = forecast.to_frame()

    assert frame["max_concurrency"].tolist() == [1, 2, 4, 9]
    assert frame["makespan"].tolist() == [8, 5, 3, 3]
    assert frame["lower_bound"].tolist() == [8, 4, 3, 3]
    assert frame["efficiency"].tolist() == [1, 0.8, 1, 1]
    assert frame["mean_in_flight"].tolist() == pytest.approx([1, 1.6, 8 / 3, 8 / 3])
    assert frame["is_knee"].tolist() == [False, False, True, False]
    assert forecast.knee == 4


def test_equal_calls_have_their_knee_where_all_are_in_flight() -> None:
    run = first_come([1.0] * 12, slots=3)

    assert what_if(run).knee == 12
    assert what_if(run, max_concurrency=range(1, 5)).knee == 4


def test_one_long_call_makes_more_slots_useless() -> None:
    run = first_come([10.0] + [1.0] * 10, slots=4)

    assert what_if(run).makespans[:3] == [20, 10, 10]
    assert what_if(run).knee == 2


def test_it_says_what_it_found_and_what_it_assumes() -> None:
    run = first_come([10.0] + [1.0] * 10, slots=4)
    forecast = what_if(run)

    assert forecast.finding == (
        "11 calls: 20.0 s with 1 in flight, 10.0 s with 50; the knee is at 2 (10.0 s), beyond it "
        "more gain little"
    )
    assert forecast.caveat == (
        "Predicted from this run's durations, as if they did not grow with load. The run itself, "
        "with 4 in flight, took 10.0 s; predicted are 10.0 s. Whether calls take longer with more "
        "in flight cannot be read from it: the number in flight hardly changed."
    )
    assert repr(forecast) == f"<Forecast: {forecast.finding}>"
    bundle = forecast._repr_mimebundle_()
    assert forecast.caveat in bundle["text/html"]
    assert "max_concurrency" in bundle["text/plain"]


def test_limits_that_all_pay() -> None:
    forecast = what_if(first_come([1.0] * 12, slots=3), max_concurrency=[1, 2, 3])

    assert forecast.finding.endswith("4.00 s with 3; up to there each one more still pays")
    assert what_if(first_come([1.0] * 12, slots=3), max_concurrency=3).finding == (
        "12 calls: 4.00 s with 3 in flight"
    )


def test_a_comparison_tells_how_durations_grew() -> None:
    sync = make_sync(*timed((0, 1), (1, 2)))
    concurrent = make_run(*timed((0, 1.2), (0, 1.2)))
    forecast = what_if(Comparison(pairs=[(sync, concurrent)]))

    assert forecast.makespans[0] == pytest.approx(2.4)
    assert forecast.caveat.endswith("With 2 in flight calls took 20% longer than one at a time.")


@pytest.mark.parametrize("limits", [0, -1, 1.5, True, "3", [2, 0], [], None])
def test_limits_must_be_counts(limits: Any) -> None:
    with pytest.raises(ValueError, match="max_concurrency"):
        what_if(make_run(call(0, 1)), max_concurrency=limits)


def test_a_run_without_a_finished_call_cannot_be_replayed() -> None:
    with pytest.raises(ValueError, match="no finished call"):
        what_if(make_run(call(0, None)))


def test_calls_without_duration() -> None:
    assert what_if(make_run(call(0, 0), call(0, 0))).to_frame()["makespan"].eq(0).all()
