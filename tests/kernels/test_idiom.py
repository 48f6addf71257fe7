"""The FAQ's ``try: asyncio.run(main()) / except RuntimeError``, wherever it may be typed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pexpect
import pytest

from .driver import kernel_variables, patched
from .environments import Environment, python_of
from .shared import Kernels

pytestmark = pytest.mark.kernel

IDIOM = """
import asyncio

async def complete_chat(question, seconds):
    await asyncio.sleep(seconds)
    print(f"Response for: {question}")

async def main():
    print("main")
    long_question = "List the 5 most famous hockey players of the 20th century."
    short_question = "What is 2+2?"

    await asyncio.gather(
        complete_chat(long_question, 0.4),
        complete_chat(short_question, 0.1),
    )

if __name__ == "__main__":
    try:
        asyncio.run(main())  # Works in a regular Python script
    except RuntimeError:
        loop = asyncio.get_event_loop()
        loop.run_until_complete(main())  # Works in Jupyter and other environments
"""
PRINTED = """\
main
Response for: What is 2+2?
Response for: List the 5 most famous hockey players of the 20th century.
"""


@pytest.fixture(scope="module")
def kernels() -> Iterator[Kernels]:
    with Kernels(patched) as started:
        yield started


def test_in_a_notebook_main_runs_once_per_cell(kernels: Kernels, environment: Environment) -> None:
    with kernels.on(environment) as kernel:
        answers = kernel.run(IDIOM, IDIOM, "print('after')")

    assert [answer.stdout for answer in answers] == [PRINTED, PRINTED, "after\n"]
    assert "".join(answer.stderr for answer in answers) == ""


def test_in_a_notebook_a_runtime_error_of_main_is_shown_and_main_not_run_again(
    kernels: Kernels, environment: Environment
) -> None:
    failing = IDIOM.replace("    await asyncio.gather(", '    raise RuntimeError("of main")\n    (')
    with kernels.on(environment) as kernel:
        failed, after = kernel.run(failing, "print('after')")

    assert failed.stdout == "main\n"
    assert failed.error == "RuntimeError: of main"
    assert failed.stderr == ""
    assert after.stdout == "after\n"


def test_in_a_script_main_runs_once(environment: Environment, tmp_path: Path) -> None:
    script = f"from aiml_nb.loop import patch_loop\npatch_loop()\n{IDIOM}{IDIOM}"

    done = subprocess.run(
        [python_of(environment), "-c", script],
        env=kernel_variables(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    line, printed = done.stdout.split("\n", 1)
    assert "nothing was patched" in line
    assert (printed, done.stderr) == (PRINTED + PRINTED, "")


def test_in_an_ipython_terminal_main_runs_once(environment: Environment, tmp_path: Path) -> None:
    options = ["--simple-prompt", "--no-banner", "--colors=NoColor", "--quick"]
    terminal = pexpect.spawn(
        str(python_of(environment)),
        ["-m", "IPython", *options],
        env=kernel_variables(tmp_path),
        encoding="utf-8",
        timeout=20,
        echo=False,
    )
    shown = terminal.logfile_read = StringIO()
    terminal.expect_exact("In [1]: ")
    terminal.sendline("from aiml_nb.loop import patch_loop; report = patch_loop()")
    terminal.expect("nothing was patched")
    for _ in range(2):
        terminal.sendline("%cpaste -q")
        terminal.send(f"{IDIOM}--\n")
        terminal.expect_exact("Response for: List the 5")
    terminal.sendline("print('the', 'end')")
    terminal.expect_exact("the end")
    terminal.close(force=True)

    lines = r"^(?:In \[\d+\]: )?(main|Response for: .*)$"
    printed = re.findall(lines, shown.getvalue().replace("\r", ""), re.M)
    assert printed == (PRINTED + PRINTED).splitlines()
