"""The one simulator that a process and all its connections share."""

import os
import threading

from .process import SimulatorProcess


class _Shared:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = SimulatorProcess()

    def find_or_start(self) -> SimulatorProcess:
        with self._lock:
            if not self._process.is_running:
                # A new one, not a restart: whoever holds the old one must see that it ended.
                self._process.stop()
                process = SimulatorProcess()
                process.start()
                self._process = process
            return self._process

    def forget(self) -> None:
        # Only the forking thread lives on: a lock that another held would never be released.
        self._lock = threading.Lock()
        self._process.forget()


_shared = _Shared()

if hasattr(os, "register_at_fork"):
    # A copy of the pipe in a forked process would keep the simulator alive after its parent.
    os.register_at_fork(after_in_child=_shared.forget)


def shared_process() -> SimulatorProcess:
    """Give the simulator of this process; starts it, or a new one if it has ended.

    It ends with this process, whatever ends it. A forked process gets one of its own. The tokens
    of a simulator that ended are not known to the new one.

    Raises
    ------
    SimulatorError
        If it does not come up within 10 s.
    """
    return _shared.find_or_start()
