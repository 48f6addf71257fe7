"""What is recorded is what the coroutines themselves write down, on every Python."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from typing import Any

import pytest

from aiml_nb.loop_view.replay.page import to_html

from ..kernels.environments import MATRIX, REPOSITORY, PythonNotFoundError, python_of
from .presets import PRESETS, check, check_calls

ELSEWHERE = [each for each in MATRIX if each.name in ("newest-3.12", "newest-3.13")]


def check_times(recording: dict[str, Any]) -> None:
    """One chair: no two steps at a time, none before it is ready, and none while the loop slept."""
    steps, idle = recording["steps"], recording["idle"]
    spans = sorted([*((step["start"], step["end"]) for step in steps), *map(tuple, idle)])
    assert all(before[1] <= after[0] + 2e-6 for before, after in pairwise(spans))
    assert all(step["ready"] <= step["start"] <= step["end"] for step in steps)
    assert spans[-1][1] == recording["seconds"]


@pytest.mark.parametrize("name", PRESETS)
def test_steps_come_in_the_order_in_which_the_coroutines_say_so(name: str) -> None:
    checked = check(name)

    assert checked["recorded"] == checked["logged"]
    assert checked["recording"]["complete"]
    check_times(checked["recording"])


@pytest.mark.slow
def test_twenty_calls_begin_and_end_in_the_order_in_which_the_coroutines_say_so() -> None:
    assert_calls(check_calls())


def assert_calls(checked: dict[str, Any]) -> None:
    assert len(checked["logged"]) == 40
    assert checked["recorded"] == checked["logged"]
    assert checked["recording"]["complete"]
    assert len(to_html(checked["recording"]).encode()) <= 500_000
    check_times(checked["recording"])


@pytest.mark.slow
@pytest.mark.parametrize("environment", ELSEWHERE, ids=str)
def test_other_pythons_see_the_same(environment: Any) -> None:
    try:
        python = python_of(environment)
    except PythonNotFoundError as reason:
        pytest.skip(str(reason))
    command = [python, "-m", "tests.loop_view.presets"]
    answer = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    there = json.loads(answer.stdout)

    assert_calls(there["calls"])
    for name, checked in there["presets"].items():
        here = check(name)["recording"]
        recording = checked["recording"]
        assert checked["recorded"] == checked["logged"], name
        assert tell(recording) == tell(here), name
        assert recording["python"].startswith(environment.python)
        check_times(recording)


def tell(recording: dict[str, Any]) -> dict[str, list[tuple[Any, ...]]]:
    """What must be the same everywhere: where each task stands, for what, woken by whom.

    Task by task: which of two timers rings first is the machine's affair, since a late step sets
    the next one late. The order across tasks is compared with what the coroutines log.
    """
    told: dict[str, list[tuple[Any, ...]]] = {task["name"]: [] for task in recording["tasks"]}
    for step in recording["steps"]:
        told[recording["tasks"][step["task"]]["name"]].append(
            (
                *(step["function"], step["line"], step["ending"]),
                step["waits_for"] and step["waits_for"]["text"],
                step["woken_by"]["text"],
            )
        )
    return told
