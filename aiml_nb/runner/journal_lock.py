"""Lock a journal so that one run in one process writes it, and close it in forked children."""

from __future__ import annotations

import errno
import os
import warnings
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import JournalError

if TYPE_CHECKING:
    from .journal import Journal

_open_journals: weakref.WeakSet[Journal] = weakref.WeakSet()


def close_in_children(journal: Journal) -> None:
    """Register `journal` to be closed in every process that is forked from this one."""
    _open_journals.add(journal)


def _close_all() -> None:
    # A child shares the parent's lock, which would outlive the parent for as long as the child.
    for journal in list(_open_journals):
        with suppress(OSError):
            journal.close_without_writing()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_close_all)


def lock(handle: int, path: Path) -> None:
    """Lock the file until it is closed, where the system can (not on Windows)."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}:
            raise JournalError(
                f"The journal '{path}' is being written by another run. Wait for it, or interrupt "
                "it."
            ) from None
        warnings.warn(
            f"The file system of the journal {str(path)!r} cannot lock files ({error.strerror}): "
            "two runs are not kept apart there. Let only one of them use this journal.",
            stacklevel=2,
        )
