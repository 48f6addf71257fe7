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


@pytest.mark.parametrize("simulated", [False, True])
@pytest.mark.parametrize("seconds", [0.5, 0.1, 0.01, 1e-6, 0.0])
def test_text_is_measured_however_fast_it_comes(seconds: float, simulated: bool) -> None:
    fast = call(0, seconds, text="word " * 240, output_tokens=300)

    assert usage_measures_text(make_run(fast, simulated=simulated)) is True


@pytest.mark.parametrize("seconds", [3.0, 1e-3])
@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("2+2 equals 4.", 252),
        ("Words and more words. " * 60, 9293),
        ("你好，世界。" * 60, 9293),
        ("def f(x): return {x: [1, 2, 3]}\n" * 40, 9293),
        ("", 128),
    ],
)
def test_units_are_no_tokens_whatever_the_text(text: str, units: int, seconds: float) -> None:
    run = make_run(call(0, seconds, text=text, output_tokens=units))

    assert usage_measures_text(run) is False


@pytest.mark.parametrize(
    ("text", "tokens", "answers"),
    [
        ("1 2 3 4 5 6 7 8 9 10 " * 20, 400, 1),  # models that see one figure at a time
        ("3.14159265358979323846" * 20, 440, 1),
        ("4", 2, 60),  # the end of an answer is a token, too
        ("No", 2, 60),
        ("Yes.", 3, 60),
        ("{}[]();" * 40, 280, 1),
        ("🏒" * 60, 180, 1),
        ("ไทย" * 60, 90, 1),
    ],
)
def test_what_takes_many_tokens_is_text_all_the_same(text: str, tokens: int, answers: int) -> None:
    calls = [call(0, 1, text=text, output_tokens=tokens) for _ in range(answers)]

    assert usage_measures_text(make_run(*calls)) is True


def test_answers_cut_by_max_tokens_count() -> None:
    cut = [
        call(
            0, 2, outcome="incomplete", finish_reason="length", text="word " * 50, output_tokens=64
        )
        for _ in range(3)
    ]

    assert usage_measures_text(make_run(*cut)) is True
    assert tokens_per_second(make_run(*cut)) == 32
    assert characters_per_second(make_run(*cut)) == 125


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
