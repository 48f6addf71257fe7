"""The branch for Pyodide, which cannot run here.

`sys.platform` and `pyodide.ffi` are stubs, in a process of their own; nothing of ours is.
"""

from __future__ import annotations

from .process import run_script

BROWSER = """
import asyncio, sys, types
from aiml_nb.errors import LoopError
from aiml_nb.loop import patch_loop, run_coroutine

def browser(**functions):
    sys.platform = "emscripten"
    sys.modules["pyodide"] = types.ModuleType("pyodide")
    sys.modules["pyodide.ffi"] = types.ModuleType("pyodide.ffi")
    vars(sys.modules["pyodide.ffi"]).update(functions)

async def seven():
    return 7

def switch_stacks(coro):
    try:
        coro.send(None)
    except StopIteration as end:
        return end.value

def refused():
    coro = seven()
    try:
        run_coroutine(coro)
    except LoopError as error:
        return str(error)
"""


def test_a_browser_with_stack_switching_waits() -> None:
    printed = run_script(f"""{BROWSER}
browser(can_run_sync=lambda: True, run_sync=switch_stacks)
assert run_coroutine(seven()) == 7
before = asyncio.run
report = patch_loop()
assert asyncio.run is before
assert report.situation == "browser" and not report.advice
""")

    assert "nothing to patch in a browser" in printed


def test_a_browser_without_it_closes_the_coroutine_and_says_to_write_await() -> None:
    printed = run_script(f"""{BROWSER}
browser(can_run_sync=lambda: False, run_sync=None)
assert "await main()" in refused() and "no stack switching" in refused()
assert patch_loop().situation == "browser"
""")

    assert "await main()" in printed


def test_an_old_pyodide_without_the_functions_is_one_that_cannot_wait() -> None:
    run_script(f"""{BROWSER}
browser()
assert "await main()" in refused()
patch_loop()
""")


def test_the_cell_of_a_browser_runs_in_a_loop_and_is_still_not_patched() -> None:
    run_script(f"""{BROWSER}
browser(can_run_sync=lambda: True, run_sync=switch_stacks)
async def cell():
    before = asyncio.run
    assert run_coroutine(seven()) == 7
    patch_loop()
    assert asyncio.run is before
asyncio.run(cell())
""")
