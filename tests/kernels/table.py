"""Print what was measured: ``python -m tests.kernels.table [ENVIRONMENT …]``, as Markdown."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from .driver import patched
from .environments import HERE, MATRIX, UVLOOP, Environment, PythonNotFoundError, python_of
from .measure import (
    INTERRUPTED,
    ORDERS,
    Kept,
    measure_interrupt,
    measure_queue,
    measure_queue_unmended,
)
from .programs import SCRIPTS, TYPED, WARM_UPS, StoppedProgram, interrupt_script, interrupt_terminal
from .runs import KINDS, NOT_ON_UVLOOP
from .shared import Kernels


def main(names: list[str]) -> None:
    environments = [known for known in MATRIX if not names or known.name in names]
    _print_table(
        ["kernel", "patch", "cells answered", "in order", "comm kept", "completion", "stderr"],
        (row for known in environments for row in _queue_rows(known)),
    )
    _print_table(
        ["kernel", "cell", "reply, s", "raises", "tasks left", "requests later", "next cell"],
        (row for known in environments for row in _interrupt_rows(known)),
    )
    everywhere = [known for known in (HERE, *MATRIX, UVLOOP) if not names or known.name in names]
    _print_table(
        ["kernel", "run", "reply, s", "raises", "requests later", "calls known", "next cells"],
        (row for known in everywhere for row in _run_rows(known)),
    )
    if not names or HERE.name in names:
        _print_table(
            ["program", "run", "end or prompt, s", "requests later", "calls known"],
            _program_rows(),
        )


def _name(environment: Environment) -> str:
    code = (
        "import importlib.metadata as m, platform as p;"
        "print('ipykernel', m.version('ipykernel') + ', Python', p.python_version())"
    )
    done = subprocess.run(
        [python_of(environment), "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _queue_rows(environment: Environment) -> Iterator[list[str]]:
    try:
        python_of(environment)
    except PythonNotFoundError as reason:
        yield [str(environment), f"not measured: {reason}", *[""] * 5]
        return
    yield [
        _name(environment),
        "nest_asyncio 1.6.0 alone",
        *_kept(measure_queue_unmended(environment)),
    ]
    for order in ORDERS:
        patch = f"ours, nest_asyncio 1.6.0 {order}"
        yield [_name(environment), patch, *_kept(measure_queue(environment, nest_asyncio=order))]


def _kept(kept: Kept) -> list[str]:
    return [
        f"{kept.answered} of {kept.queued}",
        "yes" if kept.in_order else "no",
        f"{kept.comm_messages_kept} of {kept.comm_messages_sent}",
        "yes" if kept.completion_answered else "no",
        "empty" if not kept.stderr else kept.stderr.strip().splitlines()[-1][:60],
    ]


def _interrupt_rows(environment: Environment) -> Iterator[list[str]]:
    try:
        python_of(environment)
    except PythonNotFoundError:
        return
    for kind in INTERRUPTED:
        with patched(environment) as kernel:
            stopped = measure_interrupt(kernel, kind)
        yield [
            _name(environment),
            kind,
            f"{stopped.seconds:.2f}",
            stopped.error.split(":")[0],
            str(stopped.tasks_left),
            str(stopped.requests_later),
            "answers" if stopped.next_answers else "lost",
        ]


def _run_rows(environment: Environment) -> Iterator[list[str]]:
    try:
        python_of(environment)
    except PythonNotFoundError:
        return
    name = f"{_name(environment)}{', uvloop' if environment is UVLOOP else ''}"
    with Kernels() as kernels:
        for kind in KINDS:
            if environment is UVLOOP and kind in NOT_ON_UVLOOP:
                continue
            stopped = kernels.press_stop(environment, kind)
            yield [
                name,
                kind,
                f"{stopped.seconds:.2f}",
                stopped.error.split(":")[0],
                str(stopped.requests_later),
                _counts(stopped.known),
                ", ".join(stopped.next_outcomes),
            ]


def _program_rows() -> Iterator[list[str]]:
    for kind in SCRIPTS:
        yield _program_row("script", kind, interrupt_script(kind))
    for kind in WARM_UPS:
        stopped = interrupt_script(kind, is_silent=True)
        yield _program_row("script", f"warm-up, {kind}", stopped)
    for name, typed in TYPED:
        yield _program_row(name, f"`{typed}`", interrupt_terminal(name, typed))


def _program_row(program: str, kind: str, stopped: StoppedProgram) -> list[str]:
    seconds, later = f"{stopped.seconds:.2f}", str(stopped.requests_later)
    return [program, kind, seconds, later, _counts(stopped.known)]


def _counts(known: dict[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in known.items()) or "none was sent"


def _print_table(head: list[str], rows: Iterator[list[str]]) -> None:
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
    print()


if __name__ == "__main__":
    main(sys.argv[1:])
