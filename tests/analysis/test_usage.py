from __future__ import annotations

import pytest

from aiml_nb.analysis import (
    call_table,
    characters_per_second,
    summary,
    tokens_per_second,
    usage_measures_text,
)

from .builders import call, make_run


@pytest.mark.parametrize(
    ("characters", "tokens", "measures"),
    [
        (1200, 300, True),
        (1200, 9293, False),
        (1200, 800, True),
        (1200, 801, False),
        (1200, 150, True),
        (1200, 149, False),
        (4, 2, None),
        (0, 500, False),
    ],
)
def test_characters_per_token(characters: int, tokens: int, measures: bool | None) -> None:
    run = make_run(call(0, 5, text="x" * characters, output_tokens=tokens))

    assert usage_measures_text(run) is measures


def test_reasoning_is_not_text() -> None:
    run = make_run(call(0, 5, text="x" * 400, output_tokens=1100, reasoning_tokens=1000))

    assert usage_measures_text(run) is True


def test_no_server_makes_more_than_2000_tokens_a_second() -> None:
    fast = call(0, 0.1, text="x" * 1200, output_tokens=300)

    assert usage_measures_text(make_run(fast)) is False
    assert usage_measures_text(make_run(fast, simulated=True)) is True


def test_other_scripts_have_other_ratios() -> None:
    assert usage_measures_text(make_run(call(0, 5, text="你好" * 300, output_tokens=600))) is True


def test_rates_are_over_the_durations() -> None:
    run = make_run(
        call(0, 2, text="x" * 300, output_tokens=100),
        call(0, 3, text="x" * 700, output_tokens=200),
        call(0, 9, outcome="error", text="x" * 99),
    )

    assert tokens_per_second(run) == 60
    assert characters_per_second(run) == 200


def test_units_that_are_no_tokens_give_no_rate() -> None:
    run = make_run(call(0, 4, first_token=1.0, text="x" * 1200, output_tokens=9293))

    assert tokens_per_second(run) is None
    assert characters_per_second(run) == 300
    row = summary(run).loc["gather"]
    assert row["usage_measures_text"] is False or not row["usage_measures_text"]
    assert call_table(run)["time_per_output_token"].isna().all()


def test_nothing_to_count() -> None:
    run = make_run(call(0, 1), call(outcome="not_started"))

    assert usage_measures_text(run) is tokens_per_second(run) is characters_per_second(run) is None
