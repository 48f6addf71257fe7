"""The limit of open files: raise it for the connections of a run, and wait when it is reached.

Each connection is an open file. Most systems allow a process 1,024 of them, some 256, and a
container whatever its owner set.
"""

from __future__ import annotations

import errno
import math
import os
import time
from contextlib import suppress
from dataclasses import dataclass

# Files left to the rest of the process: journal, results, event loops, DNS lookups. A simulator
# under the same limit reserves as many, so that it can accept all connections we open.
RESERVE = 64
# Seconds between two attempts to open a connection while no file is left.
RETRY_INTERVAL = 0.05
# Seconds after such an attempt in which idle connections are closed, to free their files.
_SCARCE_FOR = 1.0
_OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

_scarce_until = 0.0


class OutOfFilesError(Exception):
    """No connection could be opened in time, because no file was left for it."""

    def __init__(self) -> None:
        super().__init__(
            "this process may open no more files: lower max_concurrency, or allow more with  "
            "ulimit -n 4096  before it starts"
        )


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """The limit of open files of this process, and how many are open.

    Parameters
    ----------
    limit
        None if the system has none.
    taken
        The files that are open.
    """

    limit: int | None
    taken: int

    @property
    def free(self) -> float:
        """How many connections may be opened, with `RESERVE` left over."""
        return math.inf if self.limit is None else max(1, self.limit - self.taken - RESERVE)


def allow_files(wanted: int) -> OpenFiles:
    """Raise the soft limit of open files as far as allowed; return the result.

    Parameters
    ----------
    wanted
        The number of connections that will be opened.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return OpenFiles(None, 0)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Counted now, since notebooks keep files and sockets open.
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
    """Say whether a connection failed because this process, or the system, has no file left.

    A failed DNS lookup counts, too, if no file can be opened, since it needs one.
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
    """Close idle connections for a while, to free their files."""
    global _scarce_until
    _scarce_until = time.monotonic() + _SCARCE_FOR


def are_files_scarce() -> bool:
    """Say whether a connection is waiting for a file."""
    return _scarce_until > 0 and time.monotonic() < _scarce_until


def _count_open_files() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        with suppress(OSError):
            return len(os.listdir(folder)) - 1  # without the one that lists the folder
    return RESERVE
