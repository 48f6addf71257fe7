"""A kernel on uvloop, which cannot be nested: runs use a background loop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .driver import LAUNCH_UVLOOP, Kernel
from .environments import UVLOOP, python_of
from .measure import APPLY, INTERRUPTED, press_stop
from .server import Server
from .test_idiom import IDIOM, PRINTED

pytestmark = [pytest.mark.kernel, pytest.mark.slow]


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    python_of(UVLOOP)
    with Kernel(UVLOOP, launch=LAUNCH_UVLOOP) as started:
        (answer,) = started.run(
            "import asyncio\nfrom aiml_nb.loop import *\nfrom tests.waiting import take\n"
            "report = patch_loop()\nreport.situation"
        )
        assert answer.result == "'background'"
        assert "cannot be nested" in answer.stdout
        assert "cells and runs do not share it" in answer.stdout
        yield started


def test_asyncio_run_works_and_is_not_poisoned_by_nest_asyncio(kernel: Kernel) -> None:
    answers = kernel.run(
        "asyncio.run(take(0.3, 1))",
        "await take(0.1)\nasyncio.run(take(0.1, 2))",
        APPLY,
        "asyncio.run(take(0.1, 3))",
        "await take(0.1, 4)",
        "run_coroutine(take(0.1, 5))",
    )

    assert [answer.result for answer in answers] == ["1", "2", "", "3", "4", "5"]
    assert "".join(answer.stderr for answer in answers) == ""


def test_the_context_is_copied_and_prints_go_to_the_cell(kernel: Kernel) -> None:
    answers = kernel.run(
        "from contextvars import ContextVar\nname = ContextVar('name')\n"
        "async def say():\n    print(name.get())",
        "name.set('first')\nasyncio.run(say())",
        "name.set('second')\nasyncio.run(say())",
    )

    assert [answer.stdout for answer in answers] == ["", "first\n", "second\n"]


def test_a_run_inside_a_run_gets_an_error_that_says_to_await(kernel: Kernel) -> None:
    (answer,) = kernel.run("async def again():\n    asyncio.run(take(0))\n"
                           "asyncio.run(again())")  # fmt: skip

    assert answer.error.startswith("LoopError: asyncio.run() was called inside a run")
    assert "await main()" in answer.error


def test_the_idiom_runs_main_once_also_when_main_raises(kernel: Kernel) -> None:
    failing = IDIOM.replace("    await asyncio.gather(", '    raise RuntimeError("of main")\n    (')

    answers = kernel.run(IDIOM, IDIOM, failing, "print('after')")

    assert [answer.stdout for answer in answers] == [PRINTED, PRINTED, "main\n", "after\n"]
    assert answers[2].error == "RuntimeError: of main"


def test_the_stop_button_ends_cell_tasks_and_requests(kernel: Kernel) -> None:
    with Server() as server:
        kernel.run(server.calls)
        for cell in INTERRUPTED.values():
            stopped = press_stop(kernel, server, cell)

            assert stopped.seconds <= 5, cell
            assert stopped.next_answers, cell
            assert stopped.tasks_left == 0, cell
            if "sleeping" not in cell:  # a sleep in another thread cannot be ended
                assert stopped.requests_later == 0, cell
