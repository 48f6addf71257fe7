"""Runs in scripts and at the prompts of terminals, interrupted by Ctrl-C."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pexpect

from ..waiting import let_pass
from .driver import kernel_variables
from .runs import DEFINITIONS
from .server import Server

PYTHON = sys.executable

SCRIPTS = {
    "sequential": "ask('sequential')",
    "threads": "ask('threads')",
    "gather": "ask('gather')",
    "compare": "nb.compare(prompts, endpoint, **options)",
    "asyncio.run": "asyncio.run(ask_async('gather'))",
    "asyncio.run, threads": "asyncio.run(ask_async('threads'))",
    "asyncio.run, sequential inside": "asyncio.run(ask_in_task('sequential'))",
    "asyncio.run, threads inside": "asyncio.run(ask_in_task('threads'))",
    "asyncio.run, gather inside": "asyncio.run(ask_in_task('gather'))",
    "asyncio.run, two inside": (
        "asyncio.run(in_group(ask_in_task('gather'), ask_in_task('workers')))"
    ),
    "asyncio.run, two sequential inside": (
        "asyncio.run(in_group(ask_in_task('sequential'), ask_in_task('sequential')))"
    ),
    "asyncio.run, a run beside": (
        "asyncio.run(in_group(ask_in_task('sequential'), ask_async('gather')))"
    ),
    "asyncio.run, handle": (
        "async def main():\n"
        "    await nb.start(prompts, endpoint, strategy='threads', **options)\n"
        "asyncio.run(main())"
    ),
    "asyncio.run, callback": (
        "async def main():\n"
        "    asyncio.get_running_loop().call_soon(ask, 'sequential')\n"
        "    await never()\n"
        "asyncio.run(main())"
    ),
    "run_until_complete": "asyncio.new_event_loop().run_until_complete(ask_async('gather'))",
    "run_until_complete, threads": (
        "asyncio.new_event_loop().run_until_complete(ask_async('threads'))"
    ),
    "to_thread": "asyncio.run(asyncio.to_thread(ask, 'sequential'))",
    "to_thread, gather": "asyncio.run(asyncio.to_thread(ask, 'gather'))",
    "thread beside a main thread that sleeps": (
        "threading.Thread(target=ask, args=('sequential',)).start()\nblock(60)"
    ),
    "thread with a loop": (
        "threading.Thread(target=lambda: asyncio.run(ask_async('gather'))).start()\nblock(60)"
    ),
    "pool": (
        "with ThreadPoolExecutor(2) as pool:\n"
        "    futures = [pool.submit(ask, 'sequential') for _ in range(6)]\n"
        "    print([future.result() for future in futures])"
    ),
    "pool that is not waited for": (
        "pool = ThreadPoolExecutor(2)\n"
        "futures = [pool.submit(ask, 'sequential') for _ in range(6)]\n"
        "print([future.result() for future in futures])"
    ),
}
WARM_UPS = [
    "sequential",
    "gather",
    "asyncio.run",
    "asyncio.run, threads",
    "asyncio.run, threads inside",
    "asyncio.run, handle",
    "run_until_complete, threads",
    "to_thread",
    "pool",
]
TERMINALS = {
    "IPython": (["-m", "IPython", "--simple-prompt", "--no-banner", "--quick"], r"In \[\d+\]: "),
    "python": (["-q"], ">>> "),
    "python -m asyncio": (["-m", "asyncio"], ">>> "),
}
TYPED = [
    ("IPython", "ask('gather')"),
    ("IPython", "await ask_async('gather')"),
    ("IPython", "await ask_async('threads')"),
    ("IPython", "await asyncio.gather(ask_async('gather'), ask_async('workers'))"),
    ("IPython", "await asyncio.gather(ask_in_task('sequential'), ask_in_task('sequential'))"),
    ("IPython", "await asyncio.gather(ask_in_task('gather'), ask_in_task('workers'))"),
    ("IPython", "await asyncio.to_thread(ask, 'sequential')"),
    ("python", "ask('threads')"),
    ("python", "asyncio.run(ask_in_task('sequential'))"),
    ("python", "t = threading.Thread(target=ask, args=('gather',)); t.start(); t.join()"),
    ("python -m asyncio", "await ask_async('threads')"),
    ("python -m asyncio", "await ask_in_task('sequential')"),
    ("python -m asyncio", "await asyncio.gather(ask_in_task('gather'), ask_in_task('workers'))"),
]


@dataclass(frozen=True)
class StoppedProgram:
    """What became of a program that was interrupted once.

    Parameters
    ----------
    seconds
        Until it ended, or answered at its prompt; infinite if it did not.
    known
        How many calls of the last run have which outcome.
    """

    seconds: float
    requests_later: int
    known: dict[str, int]
    printed: str


def interrupt_script(kind: str, *, is_silent: bool = False) -> StoppedProgram:
    """Press Ctrl-C once while the script of this `kind` is at work, or warms up."""
    with Server(is_silent=is_silent) as server, tempfile.TemporaryDirectory() as folder:
        code = f"{DEFINITIONS.format(port=server.port)}\nimport atexit; atexit.register(known)\n"
        script = subprocess.Popen(
            [PYTHON, "-c", f"{code}{SCRIPTS[kind]}"],
            env=kernel_variables(Path(folder)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert server.wait_for_requests(1 if is_silent else 12, timeout=30)
        let_pass(0.1)
        pressed = time.monotonic()
        script.send_signal(signal.SIGINT)
        try:
            printed, _ = script.communicate(timeout=10)
            seconds = time.monotonic() - pressed
        except subprocess.TimeoutExpired:
            script.kill()
            printed, seconds = script.communicate()[0], float("inf")
        later = server.count_after(pressed + 0.5)
    return StoppedProgram(seconds, later, _last_known(printed), printed)


def interrupt_terminal(name: str, typed: str) -> StoppedProgram:
    """Type a line at a prompt, press Ctrl-C while it is at work, and let its loop turn again."""
    arguments, prompt = TERMINALS[name]
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        definitions = Path(folder, "definitions.py")
        definitions.write_text(DEFINITIONS.format(port=server.port))
        terminal = pexpect.spawn(
            PYTHON,
            arguments,
            env={**kernel_variables(Path(folder)), "TERM": "dumb"},
            encoding="utf-8",
            timeout=30,
            echo=False,
        )
        shown = terminal.logfile_read = StringIO()
        terminal.expect(prompt)
        terminal.sendline(f"exec(open({str(definitions)!r}).read(), globals())")
        terminal.expect(prompt)
        terminal.sendline(typed)
        assert server.wait_for_requests(12, timeout=30), shown.getvalue()
        let_pass(0.1)
        pressed = time.monotonic()
        terminal.sendintr()
        terminal.sendline("print('the', 'prompt')")
        answers = terminal.expect_exact(["the prompt", pexpect.TIMEOUT], timeout=10) == 0
        seconds = time.monotonic() - pressed if answers else float("inf")
        waits = "asyncio.run(take(0.6))" if name == "python" else "await take(0.6)"
        for line in (waits, "known()", "print('the', 'end')"):
            terminal.sendline(line)
        terminal.expect_exact(["the end", pexpect.TIMEOUT], timeout=10)
        later = server.count_after(pressed + 0.5)
        terminal.close(force=True)
    return StoppedProgram(seconds, later, _last_known(shown.getvalue()), shown.getvalue())


def _last_known(printed: str) -> dict[str, int]:
    found = re.findall(r"\{[^{}]*\}", printed)
    known: dict[str, int] = json.loads(found[-1]) if found else {}
    return known
