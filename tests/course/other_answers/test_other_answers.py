"""Every check accepts right answers in styles it does not know, and names unforeseen mistakes."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from aiml_nb.course import check

from ...rows import exhaustive
from ..mutants import hurried, solved_exercises
from . import (  # noqa: F401  each registers its answers
    lesson_06,
    lesson_07,
    lesson_08,
    lesson_09,
    lesson_10,
    lesson_11,
    lessons_0_and_1,
    lessons_2_and_3,
    lessons_4_and_5,
    second_round,
    third_round,
)
from .registry import RIGHT, WRONG

# What takes real time, or waits for what does not end.
SLOW = {"0.4", "2.7", "3.6", "4.2", "5.5", "5.7", "6.3", "6.5", "6.8", "7.8", "7.11", "10.8"}
KEYS = [solved.key for solved in solved_exercises()]


def cases(rows: list[tuple[Any, ...]]) -> list[Any]:
    """Name each case; of an exercise that takes real time one is slow, the rest exhaustive."""
    found, seen = [], set()
    for key, answer, *says in rows:
        name = f"{key}-{getattr(answer, '__name__', type(answer).__name__)}"
        marks: Any = []
        if key in SLOW or key.startswith("11."):
            marks = exhaustive(0).marks if key in seen else [pytest.mark.slow]
        seen.add(key)
        found.append(pytest.param(key, answer, *says, id=name, marks=marks))
    return found


def value_of(answer: Any) -> Any:
    """Return what is handed to the check: the answer, or what it makes."""
    return answer() if getattr(answer, "makes_value", False) else answer


@pytest.fixture(autouse=True)
def kept_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Note nothing as passed in the folder of the tests."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("key", "answer"), cases(RIGHT))
def test_a_right_answer_passes_whatever_its_style(key: str, answer: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verdict = check(key, value_of(answer))

    assert verdict, verdict.text


@pytest.mark.parametrize(("key", "answer", "says"), cases(WRONG))
def test_a_wrong_answer_is_told_its_mistake(key: str, answer: Any, says: str) -> None:
    with hurried():
        verdict = check(key, value_of(answer))

    assert not verdict
    assert says in verdict.text


@pytest.mark.parametrize("key", KEYS)
def test_each_exercise_has_other_answers(key: str) -> None:
    assert sum(key == row[0] for row in RIGHT) >= 3
    assert sum(key == row[0] for row in WRONG) >= 3
