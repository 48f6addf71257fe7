"""Columns are what the calls hold; measures of them are computed once, and of runs each time."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiml_nb import analysis, report
from aiml_nb.analysis.arrays import Columns, measure
from aiml_nb.analysis.order import overtakes
from aiml_nb.analysis.subject import Subject
from aiml_nb.records import Comparison, Run

from ..golden.cases import CASES
from .builders import call, make_run, make_sync, timed


def test_columns_hold_what_the_calls_do() -> None:
    run = make_run(call(0.5, 2, first_token=1), call(1.5), call(outcome="not_started"))
    columns = Columns.of(run)

    assert columns.started.tolist()[:2] == [0.5, 1.5]
    assert np.isnan([columns.started[2], columns.finished[1], columns.duration[1]]).all()
    assert columns.duration[0] == 1.5
    assert columns.answered.tolist() == [True, True, False]
    assert columns.makespan == run.makespan == 2
    assert columns.calls is run.calls


def test_a_field_is_read_once_and_kept_as_it_is() -> None:
    run = Columns.of(make_run(call(0, 1, outcome="error"), call(0, None, outcome="cancelled")))

    assert run.values("outcome") == ["error", "cancelled"]
    assert run.values("finished") == [1, None]
    assert run.values("finished") is run.values("finished")


def test_a_measure_of_columns_is_computed_once_and_of_a_run_each_time() -> None:
    asked: list[int] = []

    @measure
    def count(run: Columns) -> int:
        asked.append(len(run.calls))
        return len(run.calls)

    run, columns = make_run(call(0, 1)), Columns.of(make_run(*timed((0, 1), (1, 2))))

    assert [count(columns), count(columns), count(run), count(run)] == [2, 2, 1, 1]
    assert asked == [2, 1, 1]
    run.calls.append(call(1, 2))
    assert count(run) == 2


@pytest.mark.parametrize("name", CASES)
def test_a_subject_says_what_is_said_of_its_runs(name: str) -> None:
    shown = CASES[name]()
    subject = Subject.of(shown)

    for say in (report.finding, report.caveat, report.alt_text, report.describe):
        assert say(subject) == say(shown)
    assert Subject.of(subject) is subject
    if isinstance(shown, Comparison):
        assert [run.calls for run in subject.shown] == [shown.sync.calls, shown.concurrent.calls]
        assert len(subject.runs) == 2 * len(shown.pairs)


def test_a_list_of_one_run_is_that_run() -> None:
    run = make_run(*timed((0, 1), (0, 2)))

    assert report.describe([run]) == report.describe(run)
    assert report.alt_text([run]) == report.alt_text(run)


@given(st.lists(st.one_of(st.none(), st.integers(0, 6)), max_size=40))
def test_overtakes_are_what_a_count_pair_by_pair_gives(ends: list[int | None]) -> None:
    def is_later(i: int, end: int) -> bool:
        other = ends[i]
        return other is None or other > end

    expected = [
        None if end is None else sum(is_later(i, end) for i in range(place))
        for place, end in enumerate(ends)
    ]
    run = make_run(*(call(0, end) for end in ends))

    assert overtakes(run) == expected


def test_ten_thousand_calls_in_any_order_are_counted() -> None:
    """Every pair is in order in one of a list and its reverse."""
    n, draw = 10_000, random.Random(1)  # noqa: S311
    ends = [float(end) for end in range(n)]
    draw.shuffle(ends)
    shuffled = make_run(*(call(0, end) for end in ends))
    backwards = make_run(*(call(0, float(n - i)) for i in range(n)))

    assert analysis.total_overtakes(backwards) == n * (n - 1) // 2
    assert analysis.total_overtakes(shuffled) + _in_order(ends) == n * (n - 1) // 2


def _in_order(ends: list[float]) -> int:
    """Count the pairs in order by the same measure of the reversed list."""
    return analysis.total_overtakes(make_run(*(call(0, end) for end in reversed(ends))))


def test_a_run_is_left_as_it_is() -> None:
    run: Run = make_sync(*timed((0, 1), (1, 2)))
    before = repr(run.calls)

    report.finding(run), report.summary(run), report.what_if(run)

    assert repr(run.calls) == before
    assert type(run) is Run
