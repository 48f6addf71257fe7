"""`LoopView` in cells: beside the kernel's own running loop, patched or not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ..rows import slow
from .conftest import built
from .driver import Kernel
from .environments import HERE, MATRIX, Environment

pytestmark = pytest.mark.kernel

KERNELS = [HERE, *(slow(known) for known in MATRIX if known.name not in ("newest-3.12", "7.1.0"))]
BOIL = """import asyncio, json
from aiml_nb.loop_view import LoopView

async def boil(what, seconds):
    print(what, "on")
    await asyncio.sleep(seconds)
    return what
"""
VIEW = """view = LoopView(boil("tea", 0.01), boil("eggs", 0.02))
print("made")"""
PRINTED = "print(json.dumps(view.recording))"


@pytest.fixture(params=KERNELS, ids=str, scope="module")
def kernel(request: pytest.FixtureRequest) -> Iterator[Kernel]:
    environment: Environment = built(request.param)
    with Kernel(environment) as started:
        yield started


def test_code_of_cells_is_shown_by_the_number_of_its_cell(kernel: Kernel) -> None:
    patch = "import aiml_nb as nb\nreport = nb.patch_loop()"
    inside = "await asyncio.sleep(0)\nview = LoopView(boil('tea', 0.01))\nawait asyncio.sleep(0)"
    answers = kernel.run(BOIL, VIEW, PRINTED, patch, VIEW, PRINTED, inside, PRINTED, timeout=90)

    assert [(each.status, each.error, each.stderr) for each in answers] == [("ok", "", "")] * 8
    assert answers[1].stdout == "tea on\neggs on\nmade\n"
    plain, patched, awaited = (json.loads(answers[place].stdout) for place in (2, 5, 7))
    for recording in (plain, patched, awaited):
        assert [source["file"] for source in recording["sources"]] in (["cell 1"], ["a cell"])
        assert recording["sources"][0]["first_line"] == 4
        assert recording["sources"][0]["lines"] == BOIL.splitlines()[3:]
        assert recording["notes"] == []
    assert (
        tell(plain)
        == tell(patched)
        == [
            *(
                ("tea", 6, "await asyncio.sleep(seconds)"),
                ("eggs", 6, "await asyncio.sleep(seconds)"),
            ),
            *(("tea", 7, None), ("eggs", 7, None)),
        ]
    )


def tell(recording: dict[str, Any]) -> list[tuple[Any, ...]]:
    names = [task["name"] for task in recording["tasks"]]
    return [(names[step["task"]], step["line"], step["awaits"]) for step in recording["steps"]]


def test_a_run_within_a_step_is_told(kernel: Kernel) -> None:
    main = "async def main():\n    return asyncio.run(boil('tea', 0.01))"
    *_, printed = kernel.run(
        BOIL,
        "import aiml_nb as nb\nreport = nb.patch_loop()",
        main,
        "view = LoopView(main)",
        PRINTED,
    )

    recording = json.loads(printed.stdout)
    assert recording["tasks"][0]["value"] == "'tea'"
    assert recording["notes"] == [
        "A loop was run inside of a step: what it did is not in the picture."
    ]


def test_the_stop_button_ends_it_and_the_next_cell_answers(kernel: Kernel) -> None:
    kernel.run(BOIL)
    (sent,) = kernel.queue("LoopView(boil('tea', 60))")
    kernel.wait_for_output(sent)
    kernel.interrupt()
    (stopped,) = kernel.wait([sent], timeout=10)
    after, threads = kernel.run(
        VIEW, "import threading\nprint([each.name for each in threading.enumerate()])"
    )

    assert "KeyboardInterrupt" in stopped.error
    assert (after.status, after.stdout) == ("ok", "tea on\neggs on\nmade\n")
    assert "loop view" not in threads.stdout
