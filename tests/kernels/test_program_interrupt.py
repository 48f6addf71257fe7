"""Promise R8 in scripts and terminals: Ctrl-C ends runs, wherever they were begun."""

from __future__ import annotations

import pytest

from ..rows import exhaustive, slow
from .programs import (
    SCRIPTS,
    TYPED,
    WARM_UPS,
    StoppedProgram,
    interrupt_script,
    interrupt_terminal,
)

ORDINARY = {
    "asyncio.run, sequential inside",
    "to_thread",
}
ORDINARY_WARM_UPS = {"pool"}
# Of a kind with those, or with others of the slow ones.
ALIKE = {
    "threads",
    "asyncio.run",
    "asyncio.run, threads inside",
    "asyncio.run, gather inside",
    "asyncio.run, two inside",
    "to_thread, gather",
    "pool",
}
ALIKE_WARM_UPS = {"gather", "asyncio.run", "run_until_complete, threads", "asyncio.run, handle"}


def marked(kinds: list[str], ordinary: set[str], alike: set[str]) -> list[object]:
    marks = {**dict.fromkeys(ordinary, pytest.param), **dict.fromkeys(alike, exhaustive)}
    return [marks.get(kind, slow)(kind) for kind in kinds]


@pytest.mark.parametrize("kind", marked([*SCRIPTS], ORDINARY, ALIKE))
def test_ctrl_c_ends_a_script_with_a_run(kind: str) -> None:
    stopped = interrupt_script(kind)

    check(stopped)
    assert stopped.known["ok"] >= 1


@pytest.mark.parametrize("kind", marked(WARM_UPS, ORDINARY_WARM_UPS, ALIKE_WARM_UPS))
def test_ctrl_c_ends_a_script_whose_warm_up_is_not_answered(kind: str) -> None:
    stopped = interrupt_script(kind, is_silent=True)

    check(stopped)
    assert stopped.known == {}


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("name", "typed"),
    [(exhaustive if number % 2 else slow)(*typed) for number, typed in enumerate(TYPED)],
)
def test_ctrl_c_gives_the_prompt_of_a_terminal_back(name: str, typed: str) -> None:
    stopped = interrupt_terminal(name, typed)

    check(stopped)
    assert stopped.known["ok"] >= 1


def check(stopped: StoppedProgram) -> None:
    print(stopped)
    assert stopped.seconds <= 5  # mostly 0.3, which is what Python takes to end
    assert stopped.requests_later == 0
    assert "KeyboardInterrupt" in stopped.printed
