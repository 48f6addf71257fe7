"""What a recording holds: plain JSON, small, with lines that block, and the loop's times."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextvars import ContextVar
from itertools import pairwise
from typing import Any

import pytest

from aiml_nb.loop_view import LoopView

from .presets import PRESETS

SLEEP = 0.06


def test_it_is_plain_json_and_can_be_shown_again() -> None:
    view = PRESETS["one_of_a_gather_fails"]([])

    again = LoopView.from_recording(json.loads(json.dumps(view.recording, allow_nan=False)))

    assert again.recording == view.recording
    assert repr(again) == repr(view)
    assert "sleeps 0.01 s" in repr(view)
    assert "waits for gather of 3" in repr(view)
    assert list(again.steps.columns) == [
        *("task", "start", "end", "file", "line", "function", "woken_by", "what", "late"),
        *("blocked", "printed"),
    ]


def test_two_hundred_steps_stay_small() -> None:
    async def turn(number: int) -> None:
        for _ in range(19):
            print("a line that is printed", number)
            await asyncio.sleep(0)

    view = LoopView(*map(turn, range(10)))

    assert len(view.recording["steps"]) == 200
    assert len(json.dumps(view.recording)) <= 500_000


def test_a_thousand_tasks_and_long_prints_stay_small_too() -> None:
    async def turn() -> None:
        print("x" * 5_000)
        await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(*(turn() for _ in range(1_000)))

    view = LoopView(main, max_steps=200)

    assert len(view.recording["tasks"]) == 200
    assert "There were more tasks: the first 200 are in the picture." in view.recording["notes"]
    assert len(json.dumps(view.recording)) <= 500_000


def test_a_step_that_blocks_is_named_by_the_innermost_function_and_its_line() -> None:
    def save() -> None:
        time.sleep(SLEEP)  # the disk is slow

    async def keep() -> None:
        await asyncio.sleep(0.001)
        save()
        await asyncio.sleep(0.001)

    async def tick() -> None:
        for _ in range(12):
            await asyncio.sleep(0.005)

    view = LoopView(keep(), tick())

    steps = view.recording["steps"]
    held = max(steps, key=lambda step: step["end"] - step["start"])
    late = next(step for step in steps if step["start"] > held["end"] and step["task"] == 1)
    source = view.recording["sources"][held["blocked"]["source"]]
    line = held["blocked"]["line"]
    assert held["blocked"]["function"] == "save"
    assert line == save.__code__.co_firstlineno + 1
    assert "time.sleep(SLEEP)" in source["lines"][line - source["first_line"]]
    assert held["blocked"]["text"] == "time.sleep(SLEEP)  # the disk is slow"
    assert SLEEP <= held["blocked"]["seconds"] <= held["end"] - held["start"] + 1e-6
    # It went on to its next await: that is where it stands, and tick is late.
    assert (held["function"], held["awaits"]) == ("keep", "await asyncio.sleep(0.001)")
    assert late["due"] < held["end"]
    assert late["start"] - late["due"] > SLEEP / 2
    assert f"held the loop for {held['blocked']['seconds']:.2f} s" in repr(view)


def test_a_long_calculation_is_found_where_the_time_goes() -> None:
    async def calculate() -> None:
        for _ in range(5_000):  # more lines than are looked at one by one
            pass
        sum(range(8_000_000))

    view = LoopView(calculate)

    blocked = view.recording["steps"][0]["blocked"]
    assert blocked["function"] == "calculate"
    assert blocked["line"] == calculate.__code__.co_firstlineno + 3


def test_lines_are_those_that_a_step_has_run() -> None:
    async def boil() -> str:
        kettle = "tea"
        await asyncio.sleep(0.001)
        if not kettle:
            kettle = "eggs"
        return kettle

    view = LoopView(boil)

    first = boil.__code__.co_firstlineno
    one, two = view.recording["steps"]
    assert [line - first for line in one["lines"]] == [1, 2]
    assert [line - first for line in two["lines"]] == [2, 3, 5]
    assert (two["first_line"] - first, two["line"] - first) == (2, 5)


def test_the_recorders_own_time_is_left_out_of_a_sleep() -> None:
    async def nap() -> None:
        for _ in range(5):
            await asyncio.sleep(0.01)

    async def much_to_record() -> None:
        for _ in range(100):
            await asyncio.sleep(0)

    view = LoopView(nap(), much_to_record())

    steps = [step for step in view.recording["steps"] if step["task"] == 0]
    assert view.recording["overhead"] > 0
    for before, after in pairwise(steps):
        assert after["due"] - before["end"] == pytest.approx(0.01, abs=0.001)
        assert after["start"] >= after["due"] - 1e-6


def test_what_is_printed_appears_and_is_kept_with_its_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def boil(what: str) -> None:
        print(what, "on")
        await asyncio.sleep(0.001)
        await asyncio.to_thread(print, "beside")

    out = sys.stdout
    view = LoopView(boil("tea"), boil("eggs"))

    assert sys.stdout is out
    assert [step["printed"] for step in view.recording["steps"][:2]] == ["tea on\n", "eggs on\n"]
    assert capsys.readouterr().out.splitlines()[:2] == ["tea on", "eggs on"]


def test_the_users_objects_are_their_own() -> None:
    color: ContextVar[str] = ContextVar("color", default="none")
    color.set("blue")
    seen: dict[str, Any] = {}

    async def look() -> str:
        task = asyncio.current_task()
        assert task is not None
        seen.update(name=task.get_name(), coroutine=task.get_coro(), color=color.get())
        color.set("red")
        await asyncio.sleep(0)
        return color.get()

    coroutine = look()
    view = LoopView(coroutine)

    assert seen["coroutine"] is coroutine
    assert seen["color"] == "blue"
    assert color.get() == "blue"
    assert view.recording["tasks"][0]["value"] == "'red'"


def test_names_tell_tasks_apart() -> None:
    async def ask(number: int, style: object = None) -> None:
        await asyncio.sleep(0)

    async def main() -> None:
        named = asyncio.create_task(ask(5), name="the last one")
        await asyncio.gather(ask(1), ask(2), ask(2), ask(3, object()), named)

    tasks = LoopView(main).recording["tasks"]

    assert [task["name"] for task in tasks] == [
        *("main", "the last one", "ask(1)", "ask(2) 1", "ask(2) 2", "ask"),
    ]
    assert tasks[5]["label"] == "ask(3, object)"


def test_tasks_of_one_function_are_all_named_by_their_first_word_or_none_is() -> None:
    async def ask(question: str) -> None:
        await asyncio.sleep(0)

    def names(*questions: str) -> list[str]:
        return [each["name"] for each in LoopView(*map(ask, questions)).recording["tasks"]]

    assert names("Who?", "Who drank all the tea?") == ["Who?", "Who drank all the tea?"]
    assert names("Who drank all the tea?", "x" * 99) == ["ask 1", "ask 2"]


def test_no_code_of_the_users_runs_for_labels_and_no_key_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIML_API_KEY", "sk-0123456789abcdef")

    class Loud:
        def __repr__(self) -> str:
            raise AssertionError("nobody asked")

    async def ask(key: str, loud: Loud) -> tuple[str, Loud]:
        print("with", key)
        return key, loud

    view = LoopView(ask("sk-0123456789abcdef", Loud()))

    assert "sk-" + "0123456789abcdef" not in json.dumps(view.recording)
    assert "Loud" in view.recording["tasks"][0]["value"]


def test_a_debugger_or_coverage_goes_on_and_the_steps_are_still_right() -> None:
    import threading

    async def boil() -> None:
        await asyncio.sleep(0.001)
        time.sleep(SLEEP)  # noqa: ASYNC251

    def trace(frame: Any, event: str, argument: Any) -> Any:
        events.append(event)

    events: list[str] = []
    threading.settrace(trace)
    try:
        view = LoopView(boil)
    finally:
        threading.settrace(None)  # type: ignore[arg-type]

    one, two = view.recording["steps"]
    assert events
    assert one["awaits"] == "await asyncio.sleep(0.001)"
    assert two["blocked"]["text"].startswith("time.sleep(SLEEP)")
