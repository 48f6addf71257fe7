"""The stop button, pressed while coroutines are making requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..waiting import let_pass
from .conftest import built, on_kernels
from .driver import patched
from .environments import Environment
from .measure import INTERRUPTED, measure_interrupt
from .server import Server
from .shared import Kernels

pytestmark = pytest.mark.kernel

AT_WORK = "import asyncio\nfrom tests.waiting import block, never, take\n"


@pytest.fixture(scope="module")
def kernels() -> Iterator[Kernels]:
    with Kernels(patched) as started:
        yield started


@pytest.mark.parametrize(
    ("environment", "kind"), on_kernels([*INTERRUPTED], ordinary=INTERRUPTED), ids=str
)
def test_one_press_ends_the_cell_its_tasks_and_its_requests(
    kernels: Kernels, environment: Environment, kind: str
) -> None:
    with kernels.on(built(environment)) as kernel:
        stopped = measure_interrupt(kernel, kind)

        assert stopped.seconds <= 5  # mostly 0.1; this machine may be busy
        assert stopped.tasks_left == 0
        assert stopped.requests_later == 0
        assert stopped.next_answers
        # A cell that only awaits is ended by IPython, in its own words.
        expected = "CancelledError" if kind.startswith("awaited") else "KeyboardInterrupt"
        assert stopped.error.startswith(expected)


def test_a_coroutine_that_refuses_is_ended_by_the_second_press(environment: Environment) -> None:
    with Server() as server, patched(environment) as kernel:
        kernel.run(server.calls)
        sent = kernel.queue("asyncio.run(stubborn())", "left()")
        assert server.wait_for_requests(4)
        kernel.interrupt()
        kernel.wait_for_output(sent[0])
        (answer,) = kernel.wait(sent[:1], timeout=0.3)
        refused = answer.status, answer.stdout
        second = kernel.interrupt()
        cell, after = kernel.wait(sent)
        let_pass(until=second + 0.8)
        requests_later = server.count_after(second + 0.5)

    assert refused == ("lost", "not me\n")
    assert cell.error.startswith("KeyboardInterrupt")
    assert cell.replied - second <= 5
    assert after.status == "ok"
    assert after.result in ("0", "1")  # the refuser itself may go on, its children may not
    assert requests_later == 0


def test_cells_queued_behind_an_interrupted_one_still_run(
    kernels: Kernels, environment: Environment
) -> None:
    with kernels.on(environment) as kernel:
        sent = kernel.queue(
            f"{AT_WORK}await take(0)\nprint('at work')\nasyncio.run(never())",
            "await take(0.1)\nprint('awaited')",
            "asyncio.run(take(0.1))\nprint('ran')",
        )
        kernel.wait_for_output(sent[0])
        kernel.interrupt()
        answers = kernel.wait(sent)

        assert [answer.status for answer in answers] == ["error", "ok", "ok"]
        assert [answer.stdout for answer in answers] == ["at work\n", "awaited\n", "ran\n"]


def test_the_stop_button_works_as_before_after_a_run(
    kernels: Kernels, environment: Environment
) -> None:
    with kernels.on(environment) as kernel:
        kernel.run(f"{AT_WORK}asyncio.run(take(0.1))")
        sent = kernel.queue("print('at work', flush=True)\nblock(60)")
        kernel.wait_for_output(sent[0])
        pressed = kernel.interrupt()
        (answer,) = kernel.wait(sent)

        assert answer.error.startswith("KeyboardInterrupt")
        assert answer.replied - pressed <= 5
