"""Pyodide and JupyterLite: Python in a browser, where waiting needs stack switching."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from ..errors import LoopError

T = TypeVar("T")


def in_browser() -> bool:
    """Tell whether this Python runs in a browser."""
    return sys.platform == "emscripten"


def run_in_browser(coro: Coroutine[Any, Any, T]) -> T:
    """Wait for `coro` by WebAssembly stack switching.

    Raises
    ------
    LoopError
        If this browser has no stack switching: only ``await`` can wait there.
    """
    if not can_wait():
        coro.close()
        raise LoopError(
            "This browser kernel cannot wait for async code (no stack switching). Only await can "
            "wait here: type  await main()  in the cell instead of  asyncio.run(main()), and  "
            "await nb.run_async(...)  instead of  nb.run(...)."
        )
    result: T = _pyodide().run_sync(coro)
    return result


def can_wait() -> bool:
    """Tell whether a coroutine can be waited for without ``await``."""
    try:
        return bool(_pyodide().can_run_sync())
    except (ImportError, AttributeError):  # Pyodide before 0.27 has no such function
        return False


def _pyodide() -> Any:
    return importlib.import_module("pyodide.ffi")
