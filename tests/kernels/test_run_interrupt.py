"""Promise R8 in every place of a notebook that a run can be begun in.

One press of the stop button gives the prompt back, the server sees nothing more, the records so far
are kept, and the next cell answers.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..rows import exhaustive, slow
from .conftest import built, on_kernels
from .environments import UVLOOP, Environment
from .runs import CELLS, KINDS, NOT_ON_UVLOOP, PREPARE, TWICE, WAITS, StoppedRun
from .server import Server
from .shared import Kernels

pytestmark = pytest.mark.kernel

# The others are of the same kinds.
ORDINARY = {
    "sequential, await first",
    "two in a gather",
    "to_thread",
    "warm-up, awaited, threads",
    "busy before, sequential",
}
ON_UVLOOP = [kind for kind in KINDS if kind not in NOT_ON_UVLOOP]


@pytest.fixture(scope="module")
def kernels() -> Iterator[Kernels]:
    with Kernels() as started:
        yield started


@pytest.mark.parametrize(("environment", "kind"), on_kernels(KINDS, ORDINARY), ids=str)
def test_the_stop_button_ends_a_run(kernels: Kernels, environment: Environment, kind: str) -> None:
    check(kernels, built(environment), kind)


@pytest.mark.parametrize(
    "kind", [(exhaustive if number % 5 else slow)(kind) for number, kind in enumerate(ON_UVLOOP)]
)
def test_the_stop_button_ends_a_run_on_uvloop(kernels: Kernels, kind: str) -> None:
    check(kernels, UVLOOP, kind)


def check(kernels: Kernels, environment: Environment, kind: str) -> None:
    stopped = kernels.press_stop(environment, kind)
    print(stopped)

    assert stopped.requests_later == 0
    assert stopped.next_outcomes == ("ok",) * 3
    assert stopped.error.startswith(("KeyboardInterrupt", "CancelledError"))
    assert stopped.seconds <= 5  # mostly 0.1; on a busy machine the promise's 2 are not to be had
    check_known(stopped, kind)


def check_known(stopped: StoppedRun, kind: str) -> None:
    if kind in CELLS | TWICE:
        assert stopped.known["ok"] >= 1
        assert set(stopped.known) <= {"ok", "cancelled", "not_started"}
    elif kind in WAITS:
        assert set(stopped.known) <= {"cancelled", "not_started"}
        assert stopped.known["cancelled"] >= 1
    assert sum(stopped.known.values()) in {0, 1, 1000}


def test_a_cell_may_catch_the_interrupt_and_go_on(
    kernels: Kernels, environment: Environment
) -> None:
    cell = (
        "await give_way()\n"
        "try:\n    ask({strategy!r})\n"
        "except KeyboardInterrupt:\n    interrupted = nb.last_run()\n"
        "await take(0.1)\n"
        "run = await nb.run_async(['Who?'], endpoint)\n"
        "interrupted.stopped, run.calls[0].outcome"
    )
    with Server() as server, kernels.on(environment) as kernel:
        kernel.run(PREPARE.format(port=server.port), timeout=60)
        for strategy in ("sequential", "gather"):
            seen = len(server.requests)
            sent = kernel.queue(cell.format(strategy=strategy))
            assert server.wait_for_requests(seen + 12, timeout=30)
            kernel.interrupt()
            (answer,) = kernel.wait(sent)

            assert answer.result == "('interrupted', 'ok')", answer
