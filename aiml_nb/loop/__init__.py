"""The event loop: run coroutines from a notebook's cell without losing anything.

A notebook already runs an event loop, so ``asyncio.run()`` fails in a cell. `patch_loop` makes it
work and tells what it did; `run_coroutine` waits for a coroutine wherever it is called.
"""

from aiml_nb.loop.lag import LoopLag
from aiml_nb.loop.owner import inside_run
from aiml_nb.loop.patch import patch_loop
from aiml_nb.loop.report import LoopReport
from aiml_nb.loop.run import run_coroutine

__all__ = ["LoopLag", "LoopReport", "inside_run", "patch_loop", "run_coroutine"]
