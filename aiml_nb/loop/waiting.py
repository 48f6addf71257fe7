"""Where code runs: in which thread, in which task, and who would see what it raises."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from functools import partial
from typing import Any


class Interrupted(KeyboardInterrupt, asyncio.CancelledError):
    """The stop button where a KeyboardInterrupt would do harm: in a task, in another thread.

    It ends a task as a cancellation does. A plain KeyboardInterrupt goes on from the task into the
    event loop and ends that, too, and the kernel with it.
    """


# Learners know it by this name.
Interrupted.__name__ = Interrupted.__qualname__ = "KeyboardInterrupt"
Interrupted.__module__ = "builtins"


def in_kernel() -> bool:
    """Tell whether this is a notebook's kernel: ipykernel alone may be imported anywhere."""
    return hasattr(_shell(), "kernel")


def in_main_thread() -> bool:
    """Tell whether this is the thread in which Python delivers signals."""
    return threading.current_thread() is threading.main_thread()


def block_sigint() -> set[int]:
    """Have SIGINT delivered to other threads than this one; return what was blocked before.

    A signal to the process may be taken by any of its threads. If the main thread waits for a lock
    then, it does not wake, and hears of the signal only when it has got the lock.
    """
    if in_main_thread() or not hasattr(signal, "pthread_sigmask"):
        return set()
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}))


def restore_sigint(blocked: set[int]) -> None:
    """Undo `block_sigint`, which returned `blocked`."""
    if not in_main_thread() and signal.SIGINT not in blocked and hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def raises_at_prompt() -> bool:
    """Tell whether what is raised here reaches prompt or program, and harms no loop before."""
    if is_cell(current_task()):
        return True
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return False
    # A loop that an exception has ended goes on, in an IPython terminal, with the next cell.
    return asyncio._get_running_loop() is None or not _in_ipython_terminal()


def find_cell(loop: asyncio.AbstractEventLoop | None) -> asyncio.Task[Any] | None:
    """Return IPython's task for the cell that awaits, if there is one in `loop`."""
    tasks = () if loop is None else asyncio.all_tasks(loop)
    return next(filter(is_cell, tasks), None)


def is_cell(task: Any) -> bool:
    """Tell whether `task` is IPython's for a cell that awaits; it shows what the cell raises."""
    coro = task.get_coro() if isinstance(task, asyncio.Task) else None
    return getattr(coro, "__qualname__", "") == "InteractiveShell.run_cell_async"


def is_to_be_cancelled(loop: Any) -> bool:
    """Tell whether IPython's handler has asked `loop` to cancel the cell, which takes two turns.

    The code of a cell that awaits may be busy for seconds before it begins a run.
    """
    handles = list(getattr(loop, "_ready", ()))
    wanted = (each for handle in handles for each in (handle._callback, *(handle._args or ())))
    return any(_cancels_cell(each) for each in wanted)


def _cancels_cell(wanted: Any) -> bool:
    """Tell whether this is one of the two steps to it."""
    if not isinstance(wanted, partial):
        return False
    name = getattr(wanted.func, "__name__", "")
    return name == "set_sigint_result" or (
        # It is called at the end of each cell, too, and then has nothing to cancel.
        name == "cancel_unless_done"
        and any(is_cell(each) and not each.done() for each in wanted.args)
    )


def current_task() -> asyncio.Task[Any] | None:
    """Return the task that runs here, also where no loop does."""
    return None if asyncio._get_running_loop() is None else asyncio.current_task()


def _in_ipython_terminal() -> bool:
    return _shell() is not None and not in_kernel()


def _shell() -> Any:
    """Return the IPython shell of this process, if there is one."""
    # Absent while it is being imported.
    get_shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_shell and get_shell()
