"""The event loop: run coroutines from a notebook's cell without losing anything.

A notebook already runs an event loop, so ``asyncio.run()`` fails in a cell. `patch_loop` makes it
work and tells what it did; `run_coroutine` waits for a coroutine wherever it is called.
"""

from .browser import in_browser
from .lag import LoopLag
from .owner import inside_run
from .patch import inspect_loop, patch_loop
from .report import LoopReport
from .run import run_coroutine
from .shared import run_in_shared_loop
from .stop import InterruptibleCall, ended_with_cell, interruptible_task
from .thread_errors import goes_on, raise_in_thread
from .threads import call_in_thread, call_with_main, import_in_thread
from .waiting import block_sigint, in_kernel

__all__ = [
    "InterruptibleCall",
    "LoopLag",
    "LoopReport",
    "block_sigint",
    "call_in_thread",
    "call_with_main",
    "ended_with_cell",
    "goes_on",
    "import_in_thread",
    "in_browser",
    "in_kernel",
    "inside_run",
    "inspect_loop",
    "interruptible_task",
    "patch_loop",
    "raise_in_thread",
    "run_coroutine",
    "run_in_shared_loop",
]
