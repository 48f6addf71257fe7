"""From the thread of a button's callback to the notebook's loop; and what a race comes to."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import aiml_nb as nb
from aiml_nb.widgets.bridge import Bridge
from aiml_nb.widgets.rehearsal import as_result

from ..analysis.builders import make_run, make_sync, timed
from ..waiting import never, wait_until_async

CELL: ContextVar[str] = ContextVar("CELL", default="none")


async def test_work_from_another_thread_runs_in_the_loop_and_the_context_of_its_cell():
    CELL.set("cell 3")
    bridge, seen = Bridge(), []

    async def work() -> None:
        seen.append((asyncio.get_running_loop(), CELL.get()))

    CELL.set("cell 4")
    pressed = threading.Thread(target=bridge.start, args=(work,))
    pressed.start()
    pressed.join()
    await wait_until_async(lambda: seen)

    assert seen == [(asyncio.get_running_loop(), "cell 3")]


async def test_one_task_at_a_time_and_it_can_be_cancelled():
    bridge, begun = Bridge(), []

    async def work() -> None:
        begun.append(1)
        await never()

    bridge.start(work)
    bridge.start(work)
    await wait_until_async(lambda: begun)
    assert bridge.busy
    bridge.cancel()
    await wait_until_async(lambda: not bridge.busy)

    assert begun == [1]
    bridge.start(work)
    await wait_until_async(lambda: len(begun) == 2)
    bridge.cancel()
    await wait_until_async(lambda: not bridge.busy)


def test_a_race_is_a_comparison_where_one_side_was_sequential_whichever_it_was():
    sync, concurrent = make_sync(*timed((0, 1))), make_run(*timed((0, 1)))

    for runs in ([sync, concurrent], [concurrent, sync]):
        compared = as_result(runs)
        assert isinstance(compared, nb.Comparison)
        assert (compared.sync, compared.concurrent) == (sync, concurrent)
    assert as_result([concurrent, concurrent]) == [concurrent, concurrent]
