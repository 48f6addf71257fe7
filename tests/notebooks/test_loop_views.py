"""What the notebooks say of their `LoopView`s is what these record."""

from __future__ import annotations

import ast
import linecache
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from .lessons import LESSONS, NOTEBOOKS, Lesson

Recording = dict[str, Any]
_DEFINITIONS = (ast.AsyncFunctionDef, ast.Import, ast.ImportFrom)


def views_of(lesson: Lesson) -> list[Recording]:
    """Run the views of a notebook, with its functions and imports and nothing else of it."""
    views: list[Recording] = []
    names: dict[str, Any] = {}
    for number, cell in enumerate(lesson.code):
        try:
            nodes = ast.parse(cell).body
        except SyntaxError:  # magics
            continue
        file = f"/cells/{lesson.name}/{number}.py"
        linecache.cache[file] = (len(cell), None, cell.splitlines(keepends=True), file)
        for node in nodes:
            makes_client = ast.unparse(node).startswith(("fast = ", "client = "))
            if makes_client or isinstance(node, _DEFINITIONS):
                exec(compile(ast.Module([node], []), file, "exec"), names)  # noqa: S102
            elif isinstance(node, ast.Expr) and ast.unparse(node).startswith("LoopView("):
                view = eval(compile(ast.Expression(node.value), file, "eval"), names)  # noqa: S307
                views.append(view.recording)
    return views


@cache
def lesson(number: str) -> list[Recording]:
    return views_of(next(each for each in LESSONS if each.number == number))


@cache
def demo() -> list[Recording]:
    return views_of(Lesson(Path(NOTEBOOKS / "sources" / "demo.py")))


def name_of(recording: Recording, step: dict[str, Any]) -> str:
    return str(recording["tasks"][step["task"]]["name"])


def lateness(recording: Recording) -> dict[str, float]:
    """How late each task was at most."""
    late: dict[str, float] = {}
    for step in recording["steps"]:
        name = name_of(recording, step)
        by = 0.0 if step["due"] is None else step["start"] - step["due"]
        late[name] = max(late.get(name, 0.0), by)
    return late


def waits_of(recording: Recording, name: str) -> list[str]:
    return [
        step["waits_for"]["text"]
        for step in recording["steps"]
        if name_of(recording, step) == name and step["waits_for"]
    ]


def test_lesson_2_one_chair_and_two_pots() -> None:
    tea_and_eggs, _ = lesson("02")

    steps = tea_and_eggs["steps"]
    assert [task["name"] for task in tea_and_eggs["tasks"]] == ["tea", "eggs"]
    assert len("".join(step["printed"] for step in steps).splitlines()) == 8
    assert all(before["end"] <= after["start"] for before, after in pairwise(steps))
    assert {step["waits_for"]["kind"] for step in steps if step["waits_for"]} == {"sleep"}
    assert {step["awaits"] for step in steps} == {"await asyncio.sleep(seconds / 3)", None}


def test_lesson_2_a_task_is_ready_until_its_creator_waits() -> None:
    _, breakfast = lesson("02")

    first, second = breakfast["steps"][:2]
    tea = breakfast["tasks"][1]
    assert [task["name"] for task in breakfast["tasks"]] == ["breakfast", "tea"]
    assert first["start"] <= tea["created"] <= first["end"]
    assert first["printed"] == "the table is laid\n"
    assert (name_of(breakfast, second), second["printed"]) == ("tea", "tea: 0 min\n")
    assert breakfast["steps"][-1]["printed"].endswith("breakfast: tea\n")


def check_blocked(recording: Recording, late: list[str]) -> None:
    """Half a second in the line with ``time.sleep``; the others are late by what they say."""
    blocked = (step for step in recording["steps"] if step["blocked"])
    held = max(blocked, key=lambda step: step["blocked"]["seconds"])
    assert name_of(recording, held) == held["blocked"]["function"] == "save_notes"
    assert held["blocked"]["text"].startswith("time.sleep(0.5)")
    assert held["blocked"]["seconds"] >= 0.5
    for name in late:
        assert lateness(recording)[name] > 0.35


def check_free(recording: Recording) -> None:
    name = "save_notes_in_a_thread"
    assert waits_of(recording, name) == ["sleep 0.1 s", "time.sleep in a thread"]
    assert max(lateness(recording).values()) < 0.35
    held = [step["blocked"]["seconds"] for step in recording["steps"] if step["blocked"]]
    assert max(held, default=0.0) < 0.35  # by a busy machine


@pytest.mark.slow
def test_lesson_6_who_held_the_loop() -> None:
    blocked, free = lesson("06")

    check_blocked(blocked, ["soup", "rice"])
    check_free(free)


@pytest.mark.slow
def test_lesson_9_what_ends_a_wait_and_how_far_the_chef_runs_ahead() -> None:
    impatient, guest, restaurant = lesson("09")

    assert impatient["steps"][-1]["woken_by"]["text"] == "its timeout of 0.2 s"
    assert impatient["tasks"][0]["value"] == "'no answer in time'"
    assert "".join(step["printed"] for step in impatient["steps"]) == ""
    printed = "".join(step["printed"] for step in guest["steps"])
    assert printed == "the stove is on\nthe stove is off\ncancelled: True\n"
    assert guest["tasks"][1]["ending"] == "cancelled"
    assert "queue (room)" in waits_of(restaurant, "chef")
    assert waits_of(restaurant, "waiter")[0] == "queue (an item)"
    board = ast.literal_eval(restaurant["tasks"][0]["value"])
    assert board.index("2 cooked") < board.index("1 served") < board.index("4 cooked")


@pytest.mark.slow
def test_the_demos_views() -> None:
    boil, one_by_one, together, in_turn, blocked, free, *others = demo()
    forgotten, fails, timeout, queue, calls = others

    assert [task["name"] for task in boil["tasks"]] == ["tea", "eggs"]
    assert len(one_by_one["tasks"]) == 1
    assert one_by_one["seconds"] >= 0.3
    assert len(together["tasks"]) == 4
    assert together["seconds"] < one_by_one["seconds"]
    assert waits_of(together, "one") == waits_of(together, "three") == ["sleep 0.1 s"]
    assert waits_of(in_turn, "two") == ["sleep 0.1 s"]
    assert waits_of(in_turn, "three") == ["semaphore", "sleep 0.1 s"]
    woken = [step["woken_by"]["text"] for step in in_turn["steps"] if step["task"] == 3]
    assert woken[1] == "one, which released the semaphore"
    check_blocked(blocked, ["tea", "eggs"])
    check_free(free)
    (note,) = forgotten["notes"]
    assert note.startswith("ask() was called on line 2 of ")
    check_failure(fails)
    assert timeout["steps"][0]["waits_for"]["timeout"]["seconds"] == 0.2
    assert timeout["steps"][-1]["woken_by"]["text"] == "its timeout of 0.2 s"
    assert timeout["tasks"][0]["value"] == "'no potatoes today'"
    assert waits_of(queue, "waiter")[0] == "queue (an item)"
    assert "queue (room)" in waits_of(queue, "cook")[-2:]
    woken = {step["woken_by"]["text"] for step in queue["steps"]}
    assert "cook, which put an item into the queue" in woken
    assert "waiter, which took an item out of the queue" in woken
    check_calls(calls)


def check_failure(recording: Recording) -> None:
    """The slowest was still waiting when main went on, and ended by itself."""
    went_on = next(step for step in recording["steps"] if step["printed"])
    slowest = recording["tasks"][3]
    assert name_of(recording, went_on) == "main"
    assert went_on["woken_by"]["text"] == "reply(2), which failed"
    assert slowest["finished"] > went_on["end"]
    assert slowest["ending"] == "returned"


def check_calls(recording: Recording) -> None:
    """All twenty wait for the server at the same time."""
    asking = [task for task in recording["tasks"] if task["function"] == "chat"]
    began = max(
        next(step for step in recording["steps"] if step["task"] == task["id"])["end"]
        for task in asking
    )
    assert len(asking) == 20
    assert all(task["finished"] > began for task in asking)
    assert {text for task in asking for text in waits_of(recording, task["name"])} == {
        "answer of the server"
    }
    assert all(task["ending"] == "returned" for task in recording["tasks"])
