"""The race in real kernels: beside queued cells, and when its cell is run again and again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ..browser.jupyter import KERNELS, shared_python
from ..kernels.driver import Kernel
from ..kernels.environments import HERE
from ..waiting import wait_until

pytestmark = pytest.mark.kernel

RACE = """
from aiml_nb.widgets import Race
race = Race(speed={speed})
race.start()
race
"""
FINISH = """
from tests.waiting import wait_until_async
await wait_until_async(lambda: not race.running, patience=60)
print(race.result.finding)
"""
COUNT = """
import asyncio, json, psutil
from comm import get_comm_manager
from ipywidgets.widgets.widget import _instances
here = psutil.Process()
json.dumps({
    "tasks": len(asyncio.all_tasks()),
    "widgets": len(_instances),
    "comms": len(get_comm_manager().comms),
    "connections": len([c for c in here.net_connections("tcp") if c.status == "ESTABLISHED"]),
})
"""


@pytest.fixture(
    params=[pytest.param(k, marks=() if k == HERE else pytest.mark.slow) for k in KERNELS], ids=str
)
def kernel(request: pytest.FixtureRequest) -> Iterator[Kernel]:
    shared_python(request.param)
    with Kernel(request.param) as started:
        yield started


def test_cells_queued_after_the_race_answer_at_once_and_the_race_goes_on(kernel: Kernel):
    cells = [
        "print(1)",
        RACE.format(speed=10),
        "print(2)",
        "await asyncio.sleep(0.1); print(3)",
        "print(4)",
    ]

    answers = kernel.run("import asyncio", *cells, timeout=60)
    (running,) = kernel.run("print(race.running, race.result)")
    (found,) = kernel.run(FINISH, timeout=60)

    assert [answer.status for answer in answers] == ["ok"] * 6
    assert [answer.stdout.strip() for answer in answers][3:] == ["2", "3", "4"]
    assert running.stdout.strip() == "True None"
    assert "faster" in found.stdout
    assert all(not answer.stderr for answer in (*answers, running, found))


def test_many_runs_of_the_cell_leave_what_one_leaves(kernel: Kernel):
    cell = RACE.format(speed=4)
    kernel.run(cell, "race.close()", timeout=60)
    before = count(kernel)
    for _ in range(6):
        (answer,) = kernel.run(cell, timeout=30)
        assert (answer.status, answer.stderr) == ("ok", "")

    (running,) = kernel.run("print(race.running)")
    during = count(kernel)
    kernel.run("race.close()")

    assert running.stdout.strip() == "True"
    # The one race that is running now, and not six.
    assert during["widgets"] - before["widgets"] < 60
    assert count(kernel) == before


def count(kernel: Kernel) -> dict[str, int]:
    """Count what is there, once it has settled."""
    found: list[dict[str, int]] = []

    def has_settled() -> bool:
        (answer,) = kernel.run(COUNT)
        assert answer.status == "ok", answer
        found.append(json.loads(answer.result.strip("'")))
        return found[-1:] == found[-2:-1]

    wait_until(has_settled, every=0.5)
    print(found[-1])
    return found[-1]
