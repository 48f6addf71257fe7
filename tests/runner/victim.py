"""A program to be killed: for each line it reads, a process of its own carries out a run.

It forks them, so that each is there at once: importing the client takes longer than these runs.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import openai.resources.chat.completions  # noqa: F401  the client fetches it when it is first used

import aiml_nb as nb
from aiml_nb.records import Call
from aiml_nb.runner import execute

SOME_FAILED = 3  # the exit code: not that of an exception


def main() -> None:
    for line in sys.stdin:
        if line.startswith("{"):
            child = start(json.loads(line))
            print(child, flush=True)
        else:  # until then its number is its own, so that nobody else is killed
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)


def start(job: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        code = 2
        try:
            code = carry_out(job)
        except BaseException:  # noqa: BLE001  a forked process must not go on as its parent
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def carry_out(job: dict[str, Any]) -> int:
    """Start the run, or go on with it, and write down each call that was shown as finished."""
    acknowledged = os.open(job["acknowledged"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    @contextmanager
    def show(*_: object, **__: object) -> Iterator[Callable[[Call], None]]:
        yield lambda call: void(os.write(acknowledged, f"{call.custom_id}\n".encode()))

    execute.show_progress = show
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    endpoint = nb.connect(base_url=job["base_url"], api_key=job["key"], verbose=False)
    if job["resume"]:
        run = nb.resume(job["journal"], endpoint, retry_failed=job["retry_failed"])
    else:
        run = nb.run(job["prompts"], endpoint, journal=job["journal"], **job["options"])
    return 0 if all(call.outcome == "ok" for call in run.calls) else SOME_FAILED


def void(_: object) -> None:
    """Make a function that returns something one that returns nothing."""


if __name__ == "__main__":
    main()
