from __future__ import annotations

import pytest

from aiml_nb.report.wording import (
    at_a_time,
    format_seconds,
    join_and,
    losses,
    ordinal,
    pace,
    pluralize,
)

from ..analysis.builders import call, make_run, make_sync, timed


@pytest.mark.parametrize(
    ("time", "written"),
    [
        (0, "0 s"),
        (-1e-12, "0 s"),
        (0.0004, "0.4 ms"),
        (0.0041, "4.1 ms"),
        (0.045, "45 ms"),
        (0.0996, "0.10 s"),
        (1.35, "1.35 s"),
        (9.996, "10.0 s"),
        (41.3, "41.3 s"),
        (99.96, "100 s"),
        (299.7, "5.0 min"),
        (474, "7.9 min"),
        (7200, "2.0 h"),
    ],
)
def test_times_have_about_three_digits(time: float, written: str) -> None:
    assert format_seconds(time) == written


def test_times_in_a_column_share_their_unit() -> None:
    assert [format_seconds(t, beside=5.5) for t in (0, 0.001, 5.5)] == [
        "0.00 s",
        "0.00 s",
        "5.50 s",
    ]


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (1.349, "1.3× faster"),
        (4, "4.0× faster"),
        (15.5, "15.5× faster"),
        (250, "250× faster"),
        (0.9, "1.1× slower"),
        (1.04, "about as fast"),
        (0.97, "about as fast"),
        (1, "about as fast"),
        (None, "too short to compare"),
    ],
)
def test_a_pace_is_faster_slower_or_neither(ratio: float | None, said: str) -> None:
    assert pace(ratio) == said


def test_ranks_and_counts_in_words() -> None:
    numbers = [1, 2, 3, 4, 11, 12, 13, 21, 102, 111, 1003]
    words = "1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 111th 1,003rd"

    assert [ordinal(n) for n in numbers] == words.split()
    assert [pluralize(1, "prompt"), pluralize(10_000, "prompt")] == ["1 prompt", "10,000 prompts"]
    assert [join_and(["a"]), join_and(["a", "b"]), join_and(["a", "b", "c"])] == [
        "a",
        "a and b",
        "a, b and c",
    ]


def test_losses_name_outcomes_and_errors() -> None:
    calls = [
        call(0, 1),
        call(0, 1, outcome="error", error_type="503"),
        call(0, 1, outcome="error", error_type="429"),
        call(outcome="not_started"),
    ]

    assert losses(calls) == "2 failed (429, 503) and 1 not started"
    assert losses(calls[:1]) == ""


def test_how_many_at_a_time_is_what_was_seen_not_what_was_allowed() -> None:
    assert at_a_time(make_run(*timed((0, 1), (0, 2)))) == "both at once"
    assert at_a_time(make_run(*timed((0, 1), (0, 2), (0, 3)))) == "all at once"
    assert at_a_time(make_run(*timed((0, 1), (0, 2), (1, 3)))) == "up to 2 at a time"
    assert at_a_time(make_run(*timed((0, 1), (1, 2)))) == "one at a time"
    assert at_a_time(make_sync(*timed((0, 1), (1, 2)))) == "one at a time"
