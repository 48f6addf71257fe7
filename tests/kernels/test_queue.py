"""Several cells queued at once, as by "Run All": tools that send one at a time see no loss."""

from __future__ import annotations

import pytest

from ..rows import exhaustive, slow
from .conftest import built, on_kernels
from .driver import Kernel, patched
from .environments import HERE, MATRIX, OLD_NEST, Environment, python_of
from .measure import APPLY, ORDERS, measure_queue, measure_queue_unmended

pytestmark = pytest.mark.kernel

WAITING = "import asyncio\nfrom tests.waiting import take\n"


@pytest.mark.parametrize(
    ("environment", "nest_asyncio"), on_kernels(ORDERS, ordinary=ORDERS[:2]), ids=str
)
def test_no_cell_message_or_completion_is_lost(environment: Environment, nest_asyncio: str) -> None:
    kept = measure_queue(built(environment), nest_asyncio=nest_asyncio)

    assert kept.answered == kept.queued
    assert kept.in_order
    assert kept.comm_messages_kept == kept.comm_messages_sent
    assert kept.completion_answered
    assert kept.stderr == ""


@pytest.mark.slow
def test_the_measurement_sees_the_loss_that_the_patch_prevents() -> None:
    seven = next(known for known in MATRIX if known.name == "7.1.0")

    kept = measure_queue_unmended(seven)

    assert kept.answered == 1
    assert "cannot enter context" in kept.stderr


def test_nest_asyncio_applied_in_the_cell_that_runs_does_no_harm(environment: Environment) -> None:
    with Kernel(environment) as kernel:
        answers = kernel.run(
            f"from aiml_nb.loop import patch_loop\npatch_loop()\n{WAITING}",
            f"{APPLY}\nasyncio.run(take(0.3))",
            "patch_loop().found",
            f"{APPLY}\nawait take(0)\nasyncio.run(take(0.1))",
            "1",
        )

    assert [answer.status for answer in answers] == ["ok"] * 5
    assert answers[2].result == "'aiml_nb'"
    assert "".join(answer.stderr for answer in answers) == ""


def test_the_report_names_kernel_loop_and_front_end(environment: Environment) -> None:
    with Kernel(environment) as kernel:
        (answer,) = kernel.run(
            f"{APPLY}\nfrom aiml_nb.loop import patch_loop\nreport = patch_loop()\n"
            "print(report.situation, report.found, report.loop, report.front_end, sep='|')"
        )

    line, fields = answer.stdout.splitlines()
    assert fields == "nested|nest_asyncio 1.6.0|_UnixSelectorEventLoop|Jupyter"
    assert "found nest_asyncio 1.6.0; replaced by nest-asyncio2" in line
    assert "ipykernel" in line


def test_a_run_without_the_patch_being_asked_for_loses_nothing(environment: Environment) -> None:
    with Kernel(environment) as kernel:
        answers = kernel.run(
            f"{WAITING}from aiml_nb.loop import run_coroutine\nrun_coroutine(take(0.5, 'done'))",
            "run_coroutine(take(0.1, 'again'))",
            "await take(0.1, 'awaited')",
        )

    assert [answer.result for answer in answers] == ["'done'", "'again'", "'awaited'"]
    assert answers[0].stdout.count("\n") == 1
    assert answers[1].stdout == ""
    assert "".join(answer.stderr for answer in answers) == ""


UNTIL = """
ended = []
async def until(name):
    while name not in ended:
        await take(0.01)
    ended.append("main")
"""
SUBSHELLS = [HERE, slow(MATRIX[1]), *map(exhaustive, MATRIX[2:4])]


@pytest.mark.parametrize("known", SUBSHELLS, ids=str)
def test_runs_in_two_threads_of_a_kernel_do_not_wait_for_each_other(known: Environment) -> None:
    with patched(known) as kernel:
        sent = kernel.queue(
            f"{WAITING}{UNTIL}print('begun')\nasyncio.run(until('sub 2'))\nprint('main')"
        )
        kernel.wait_for_output(sent[0])
        sent += kernel.queue_in_subshell(
            "asyncio.run(take(0.3))\nprint('sub')\nended.append('sub')",
            "await take(0.1)\nasyncio.run(take(0.1))\nprint('sub 2')\nended.append('sub 2')",
        )
        main, first, second = kernel.wait(sent)
        (ended,) = kernel.run("ended")

    assert [main.stdout, first.stdout, second.stdout] == ["begun\nmain\n", "sub\n", "sub 2\n"]
    assert first.replied < second.replied
    assert ended.result == "['sub', 'sub 2', 'main']"
    assert main.stderr + first.stderr + second.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", [exhaustive(""), APPLY, exhaustive("import nest_asyncio2\nnest_asyncio2.apply()")]
)
def test_a_nest_asyncio2_that_is_too_old_is_reported_and_not_used(first: str) -> None:
    python_of(OLD_NEST)
    with Kernel(OLD_NEST) as kernel:
        answers = kernel.run(
            f"{first}\nfrom aiml_nb.loop import patch_loop\n{WAITING}report = patch_loop()",
            "report.situation",
            "asyncio.run(take(0.5))",
            "asyncio.get_event_loop().run_until_complete(take(0.2))",
            f"import nest_asyncio2\n{APPLY}\nnest_asyncio2.apply()",
            "asyncio.run(take(0.2))",
            "2",
        )

    assert [answer.status for answer in answers] == ["ok"] * 7
    assert answers[1].result == "'background'"
    assert "nest-asyncio2 1.7.2 loses queued cells, expected >= 1.7.3" in answers[0].stdout
    assert '%pip install -U "nest-asyncio2>=1.7.3"' in answers[0].stdout
    assert "".join(answer.stderr for answer in answers) == ""
