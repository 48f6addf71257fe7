"""The program that kill tests run: for each line on stdin it forks a process that makes a run.

Forked, because importing the client takes longer than such a run.
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
from aiml_nb.runner import open_runner

from ..waiting import block, take

SOME_FAILED = 3  # the exit code: not that of an exception


def main() -> None:
    for line in sys.stdin:
        if line.startswith("{"):
            child = start(json.loads(line))
            print(child, flush=True)
        else:  # waited for only now: until then no other process can get its pid and be killed
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
    """Start or resume the run, and write the name of each call that was shown as finished."""
    acknowledged = os.open(job["acknowledged"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    @contextmanager
    def show(*_: object, **__: object) -> Iterator[Callable[[Call], None]]:
        yield lambda call: void(os.write(acknowledged, f"{call.custom_id}\n".encode()))

    open_runner.show_progress = show
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    if "called" in job:
        endpoint = make_function(job)
    else:
        endpoint = nb.connect(base_url=job["base_url"], api_key=job["key"], verbose=False)
    if job["resume"]:
        run = nb.resume(job["journal"], endpoint, retry_failed=job["retry_failed"])
    else:
        run = nb.run(job["prompts"], endpoint, journal=job["journal"], **job["options"])
    return 0 if all(call.outcome == "ok" for call in run.calls) else SOME_FAILED


def make_function(job: dict[str, Any]) -> Any:
    """Return a function that writes down each call of it, and then takes a moment."""
    called = os.open(job["called"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def ask(item: int) -> dict[str, int]:
        os.write(called, f"{os.getpid()} {item}\n".encode())
        block(0.002 * (item % 5))
        return {"double": 2 * item}

    async def ask_async(item: int) -> dict[str, int]:
        os.write(called, f"{os.getpid()} {item}\n".encode())
        return await take(0.002 * (item % 5), {"double": 2 * item})

    return ask if job["blocks"] else ask_async


def void(_: object) -> None:
    """Discard a return value, for a lambda that must return None."""


if __name__ == "__main__":
    main()
