"""How many connections the system lets this process open, and what to do when it allows no more.

Each connection is an open file. A process may have 1,024 of them on most systems, 256 on some, and
in a container whatever its owner thought of.
"""

from __future__ import annotations

import errno
import math
import os
import time
from contextlib import suppress
from dataclasses import dataclass

# Left to the rest of the process: the journal, the results, event loops, look-ups of names. A
# simulator under the same limit keeps as many for itself, so that it can take what we open.
RESERVE = 64
# Seconds between two attempts to open a connection while there is no file left for it.
RETRY_INTERVAL = 0.05
# Seconds for which, after such an attempt, no idle connection is kept: others wait for its file.
_SCARCE_FOR = 1.0
_OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_scarce_until = 0.0


class OutOfFilesError(Exception):
    """No connection could be opened in time, because there was no file for it."""

    def __init__(self) -> None:
        super().__init__(
            "this process may open no more files: lower max_concurrency, or allow more with  "
            "ulimit -n 4096  before it starts"
        )


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """How many files this process may have open, and how many it has.

    Parameters
    ----------
    limit
        None where the system sets none.
    taken
        Those that are open.
    """

    limit: int | None
    taken: int

    @property
    def free(self) -> float:
        """How many connections may be opened beside what else will be."""
        return math.inf if self.limit is None else max(1, self.limit - self.taken - RESERVE)


def allow_files(wanted: int) -> OpenFiles:
    """Raise the soft limit of open files, as far as this process may; return what it came to.

    Parameters
    ----------
    wanted
        How many connections are going to be opened.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return OpenFiles(None, 0)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = _count_open_files()
    needed = taken + RESERVE + wanted
    if hard != resource.RLIM_INFINITY:
        needed = min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < needed:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
            soft = needed
    return OpenFiles(None if soft == resource.RLIM_INFINITY else soft, taken)


def is_out_of_files(error: BaseException) -> bool:
    """Say whether no connection was made because this process, or system, has no file left.

    A name that was not found counts, too, if no file can be opened: it is looked up in one.
    """
    causes: list[BaseException | None] = [error, error.__cause__, error.__context__]
    if any(isinstance(each, OSError) and each.errno in _OUT_OF_FILES for each in causes):
        return True
    try:
        os.close(os.dup(0))
    except OSError as refusal:
        return refusal.errno in _OUT_OF_FILES
    return False


def note_shortage() -> None:
    """Have idle connections closed for a while."""
    global _scarce_until
    _scarce_until = time.monotonic() + _SCARCE_FOR


def are_files_scarce() -> bool:
    """Say whether somebody waits for a file."""
    return _scarce_until > 0 and time.monotonic() < _scarce_until


def _count_open_files() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        with suppress(OSError):
            return len(os.listdir(folder)) - 1  # reading the folder takes one
    return RESERVE
