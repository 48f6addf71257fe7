from __future__ import annotations

from typing import Any

import pytest

from aiml_nb.analysis import (
    call_table,
    characters_per_second,
    tokens_per_second,
    usage_measures_text,
)
from aiml_nb.analysis.pairs import length_ratio
from aiml_nb.report import summary

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


def body_of(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"choices": [{"index": i, "message": m} for i, m in enumerate(messages)]}


WORDS = "word " * 80
CALLS = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": "b"}' * 30}}]
REPLIES = {
    "reasoning beside the text": (body_of({"content": "4", "reasoning_content": WORDS}), 100, None),
    "reasoning in parts": (
        body_of(
            {"content": [{"type": "thinking", "thinking": WORDS}, {"type": "text", "text": "4"}]}
        ),
        100,
        None,
    ),
    "reasoning told apart": (body_of({"content": WORDS, "reasoning": "short"}), 600, 500),
    "reasoning not told": (body_of({"content": WORDS}), 600, 500),
    "reasoning counted beside": (body_of({"content": WORDS}), 100, 500),
    "several choices": (body_of(*({"content": WORDS} for _ in range(8))), 800, None),
    "calls of tools": (body_of({"content": None, "tool_calls": CALLS}), 120, None),
    "sounds": (body_of({"content": WORDS, "audio": {"data": "AAAA"}}), 5000, None),
}


@pytest.mark.parametrize("name", REPLIES)
def test_all_that_came_counts_as_text(name: str) -> None:
    body, tokens, reasoning = REPLIES[name]
    text = body["choices"][0]["message"]["content"]
    answer = call(
        0,
        2,
        text=text if isinstance(text, str) else "4",
        body=body,
        output_tokens=tokens,
        reasoning_tokens=reasoning,
    )

    assert usage_measures_text(make_run(answer)) is not False


def test_reasoning_that_is_told_has_a_length() -> None:
    short, long = ({"content": "4", "reasoning_content": WORDS * n} for n in (1, 3))
    runs = [make_run(call(0, 1, text="4", body=body_of(each))) for each in (short, long)]

    assert length_ratio(*runs) == pytest.approx(3, abs=0.02)


def test_units_are_no_tokens_of_reasoning() -> None:
    body = body_of({"content": "4", "reasoning_content": "word " * 20})

    assert (
        usage_measures_text(make_run(call(0, 1, text="4", body=body, output_tokens=9293))) is False
    )
