"""Whatever is wrong with a program, there is a view up to there, and a sentence."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
import warnings
from typing import Any

import pytest

from aiml_nb.loop_view import LoopView

from ..waiting import wait_until


async def nap(seconds: float = 0.001) -> str:
    await asyncio.sleep(seconds)
    return "slept"


def notes_of(view: LoopView) -> str:
    return " ".join(view.recording["notes"])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), 'LoopView(boil("tea", 0.3), boil("eggs", 0.5))'),
        ((5,), "not 5. Call an async function"),
        ((print,), "print, which is not async. Define it with  async def."),
        (([1],), "With a star"),
        ((asyncio.sleep,), "missing a required argument: 'delay'. Call it yourself"),
    ],
    ids=["nothing", "a number", "a function", "a list", "arguments"],
)
def test_what_is_no_coroutine_is_refused(given: Any, told: str) -> None:
    with pytest.raises(TypeError) as raised:
        LoopView(*given)

    assert told in str(raised.value)


@pytest.mark.parametrize("limit", [{"max_steps": 0}, {"max_steps": 1.5}, {"max_seconds": -1}])
def test_limits_out_of_range_are_refused_and_the_coroutine_is_closed(limit: Any) -> None:
    with pytest.raises(ValueError, match="must be a"):
        LoopView(nap(), **limit)


async def test_a_task_of_another_loop_is_refused() -> None:
    task = asyncio.create_task(nap())

    with pytest.raises(TypeError, match="belongs to the loop that made it"):
        LoopView(task)  # type: ignore[arg-type]

    await task


async def test_it_works_where_a_loop_is_running_and_leaves_that_alone() -> None:
    here = asyncio.current_task()

    view = LoopView(nap, nap())

    assert [task["value"] for task in view.recording["tasks"]] == ["'slept'", "'slept'"]
    assert asyncio.current_task() is here
    await asyncio.sleep(0)


def test_a_coroutine_that_was_awaited_before_says_so() -> None:
    used = nap()
    asyncio.run(used)

    view = LoopView(used, nap())

    assert "nap could not run: a coroutine runs once" in notes_of(view)
    assert view.recording["tasks"][1]["ending"] == "returned"


def test_one_that_never_ends_is_stopped_after_so_many_steps() -> None:
    async def turn() -> None:
        while True:
            await asyncio.sleep(0)

    view = LoopView(turn, max_steps=7)

    assert len(view.recording["steps"]) == 7
    assert not view.recording["complete"]
    assert "Stopped after 7 steps" in notes_of(view)
    assert "max_steps=14" in notes_of(view)
    assert view.recording["tasks"][0]["ending"] == "unfinished"


def test_as_many_steps_as_are_allowed_are_not_too_many() -> None:
    view = LoopView(nap, max_steps=2)

    assert view.recording["complete"]
    assert view.recording["notes"] == []


def test_one_that_never_ends_is_stopped_after_so_many_seconds() -> None:
    view = LoopView(nap(60), nap(), max_seconds=0.1)

    assert "Stopped after 0.1 s, before all had ended" in notes_of(view)
    assert [task["ending"] for task in view.recording["tasks"]] == ["unfinished", "returned"]


def test_a_busy_loop_is_stopped_with_the_line_it_stood_on() -> None:
    async def count() -> None:
        number = 0
        while True:
            number += 1

    view = LoopView(count, max_seconds=0.1)

    last = view.recording["steps"][-1]
    code = count.__code__
    assert f"count held the loop and did not let go. It stood on line {last['line']}" in notes_of(
        view
    )
    assert last["blocked"]["line"] - code.co_firstlineno in (2, 3)
    assert (last["ending"], last["waits_for"]) == (None, None)
    assert not running()


def test_one_that_blocks_for_long_is_left_in_its_thread() -> None:
    released = threading.Event()

    async def block() -> None:
        released.wait()

    view = LoopView(block, max_seconds=0.1)

    try:
        assert view.recording["steps"][-1]["blocked"]["text"] == "released.wait()"
        assert "was left behind in its thread" in notes_of(view)
        assert isinstance(sys.stdout.write(""), int)
        again = LoopView(nap)  # and the next one is none the worse for it
        assert again.recording["complete"]
    finally:
        released.set()
    wait_until(lambda: not running())


def running() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "aiml_nb loop view"]


def test_an_exception_is_shown_and_the_others_go_on() -> None:
    async def fail() -> None:
        raise ValueError("no tea")

    view = LoopView(fail, nap())

    first, second = view.recording["tasks"]
    assert (first["ending"], first["error"]) == ("raised", "ValueError: no tea")
    assert second["ending"] == "returned"
    line = fail.__code__.co_firstlineno + 1
    assert f"fail raised ValueError: no tea on line {line} of test_bad_input.py." in notes_of(view)


def test_an_exception_that_nobody_has_awaited_is_told() -> None:
    async def fail() -> None:
        raise ValueError("no tea")

    async def main() -> None:
        task = asyncio.create_task(fail())
        await asyncio.sleep(0.001)
        del task

    assert "test_bad_input.py, and nobody awaited it." in notes_of(LoopView(main))


def test_a_forgotten_await_is_told_with_its_line_and_not_warned_of() -> None:
    async def main() -> None:
        nap()  # type: ignore[unused-coroutine]
        await asyncio.sleep(0.001)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        view = LoopView(main)

    line = main.__code__.co_firstlineno + 1
    assert f"nap() was called on line {line} of test_bad_input.py and never awaited" in notes_of(
        view
    )
    # Python's own warning is back.
    with pytest.warns(RuntimeWarning, match="never awaited"):
        nap()  # type: ignore[unused-coroutine]


def test_what_a_failure_has_forgotten_is_told_too() -> None:
    async def main() -> str:
        answer = nap()
        return answer.upper()  # type: ignore[attr-defined, no-any-return]

    told = notes_of(LoopView(main))

    assert "'coroutine' object has no attribute 'upper'" in told
    assert "nap() was called on line" in told


def test_another_loops_future_and_lock() -> None:
    other = asyncio.new_event_loop()

    async def main() -> None:
        await other.create_future()

    view = LoopView(main)
    other.close()

    assert "made in another event loop" in notes_of(view)
    assert "Task got Future attached to a different loop" in notes_of(view)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_is_told_and_its_child_ends_there() -> None:
    reader, writer = os.pipe()

    async def fork() -> None:
        await asyncio.sleep(0.001)
        child = os.fork()
        if child:
            os.waitpid(child, 0)  # noqa: ASYNC222  it ends at once
        await asyncio.sleep(0.001)
        os.write(writer, b"after ")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads and forks, from 3.12 on
        view = LoopView(fork)
    os.close(writer)

    with os.fdopen(reader) as pipe:
        assert pipe.read() == "after "
    line = fork.__code__.co_firstlineno + 2
    assert f"fork forked the process on line {line} of test_bad_input.py" in notes_of(view)


def test_sys_exit_ends_the_program_and_not_this_process() -> None:
    async def leave() -> None:
        raise SystemExit(3)

    view = LoopView(leave, nap())

    assert "SystemExit was raised: it ended the program." in notes_of(view)
    assert [task["ending"] for task in view.recording["tasks"]] == ["raised", "cancelled"]


def test_what_is_left_over_is_cancelled_as_asyncio_run_does() -> None:
    async def main() -> None:
        task = asyncio.create_task(nap(60), name="long nap")
        await asyncio.sleep(0.001)
        del task

    view = LoopView(main)

    assert "long nap was still running when the program ended, and was cancelled" in notes_of(view)
    assert view.recording["tasks"][1]["ending"] == "cancelled"
    assert view.recording["complete"]


@pytest.mark.slow
def test_tasks_that_do_not_let_themselves_be_cancelled_are_left() -> None:
    async def stubborn() -> None:
        end = time.monotonic() + 1.2
        while time.monotonic() < end:
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue

    view = LoopView(stubborn, max_seconds=0.1)

    assert "stubborn did not end when it was cancelled." in notes_of(view)
