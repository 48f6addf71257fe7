"""Where code runs: in which thread and task, in a cell or not, and who sees its exceptions."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from functools import partial
from typing import Any


class Interrupted(KeyboardInterrupt, asyncio.CancelledError):
    """An interrupt in a task or in another thread, where a KeyboardInterrupt would do harm.

    It ends a task as a cancellation does. A plain KeyboardInterrupt would propagate from the task
    to the event loop, and end the loop and the kernel.
    """


# Shown by the name that users know.
Interrupted.__name__ = Interrupted.__qualname__ = "KeyboardInterrupt"
Interrupted.__module__ = "builtins"


def in_kernel() -> bool:
    """Tell whether this is a notebook's kernel; that ipykernel is imported does not show it."""
    return hasattr(_shell(), "kernel")


def in_main_thread() -> bool:
    """Tell whether this is the thread in which Python delivers signals."""
    return threading.current_thread() is threading.main_thread()


def block_sigint() -> set[int]:
    """Block SIGINT in this thread; return the signals that were blocked before.

    A signal to the process may be delivered to any thread. If it is not the main thread, and that
    waits for a lock, it does not wake up, and handles the signal only after it has the lock.
    """
    if in_main_thread() or not hasattr(signal, "pthread_sigmask"):
        return set()
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}))


def restore_sigint(blocked: set[int]) -> None:
    """Undo `block_sigint`, which returned `blocked`."""
    if not in_main_thread() and signal.SIGINT not in blocked and hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def raises_at_prompt() -> bool:
    """Tell whether an exception here reaches the prompt or program without ending a loop."""
    if is_cell(current_task()):
        return True
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return False
    # In an IPython terminal a loop that was ended by an exception continues with the next cell.
    return asyncio._get_running_loop() is None or not _in_ipython_terminal()


def find_cell(loop: asyncio.AbstractEventLoop | None) -> asyncio.Task[Any] | None:
    """Return IPython's task of the awaiting cell in `loop`, if there is one."""
    tasks = () if loop is None else asyncio.all_tasks(loop)
    return next(filter(is_cell, tasks), None)


def is_cell(task: Any) -> bool:
    """Tell whether `task` is IPython's task of an awaiting cell, which shows its exceptions."""
    coro = task.get_coro() if isinstance(task, asyncio.Task) else None
    return getattr(coro, "__qualname__", "") == "InteractiveShell.run_cell_async"


def is_to_be_cancelled(loop: Any) -> bool:
    """Tell whether IPython's handler has scheduled the cell's cancellation in `loop`.

    That takes two iterations of the loop, and a busy cell may start a run before them.
    """
    handles = list(getattr(loop, "_ready", ()))
    wanted = (each for handle in handles for each in (handle._callback, *(handle._args or ())))
    return any(_cancels_cell(each) for each in wanted)


def _cancels_cell(wanted: Any) -> bool:
    """Tell whether a callback is one of the two steps of that cancellation."""
    if not isinstance(wanted, partial):
        return False
    name = getattr(wanted.func, "__name__", "")
    return name == "set_sigint_result" or (
        # Also called at the end of each cell, when there is nothing to cancel.
        name == "cancel_unless_done"
        and any(is_cell(each) and not each.done() for each in wanted.args)
    )


def current_task() -> asyncio.Task[Any] | None:
    """Return the current task, or None; also without a running loop."""
    return None if asyncio._get_running_loop() is None else asyncio.current_task()


def _in_ipython_terminal() -> bool:
    return _shell() is not None and not in_kernel()


def _shell() -> Any:
    """Return the IPython shell of this process, if there is one."""
    # Absent while it is being imported.
    get_shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_shell and get_shell()
