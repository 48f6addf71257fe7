"""The file that keeps every finished call of a run, whatever happens to the process.

One line per record (see `jsonl`), each by a single ``os.write`` to a file opened for appending: a
process that is killed leaves at most one torn line, at the end. One file belongs to one run, and
is locked while a run writes it.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import JournalError
from ..jsonl import call_to_dict, encode, encode_record, end_of
from ..records import Attempt, Call, Run
from .journal_contents import Contents, read_lines


class Journal:
    """A journal open for writing; made by `create` or `reopen`.

    Parameters
    ----------
    path
        Where it is.
    handle
        The file descriptor, locked.
    """

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle: int | None = handle
        self._is_torn = False
        self._is_needed = True
        self._lock = threading.Lock()

    @classmethod
    def create(cls, path: Path, head: Mapping[str, Any]) -> Journal:
        """Start a new journal with its first line.

        Raises
        ------
        JournalError
            If the file exists already or cannot be made.
        TypeError, ValueError
            If `head` holds what JSON does not know.
        """
        try:
            line = encode(head)  # what cannot be written down leaves no file behind
        except (TypeError, ValueError) as error:
            raise type(error)(
                f"The journal '{path}' cannot hold the prompts and their parameters: {error}. Give "
                "them as JSON has them: texts, numbers, lists and dictionaries."
            ) from None
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise JournalError(
                f"The journal '{path}' exists already, and one file keeps one run. Go on with that "
                f"run: aiml_nb.resume({str(path)!r}), in a shell --resume, or name another file."
            ) from None
        except OSError as error:
            raise JournalError(f"The journal '{path}' cannot be made: {error.strerror}.") from None
        journal = cls(path, handle)
        journal._is_needed = False
        try:
            _lock(handle, path)
            journal._write_line(line)
        except BaseException:
            journal._let_go()
            raise
        return journal

    @classmethod
    def reopen(cls, path: Path) -> tuple[Journal, Contents]:
        """Lock a journal for going on, read it, and close off a torn last line.

        Raises
        ------
        JournalError
            If it cannot be read, is no journal, or another run is writing it.
        """
        try:
            handle = os.open(path, _FLAGS)
        except OSError as error:
            linked = error.errno == errno.ELOOP
            reason = "it is a link; name the file itself" if linked else error.strerror
            raise JournalError(f"The journal '{path}' cannot be opened: {reason}.") from None
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise JournalError(f"'{path}' is no journal: it is no file.")
            _lock(handle, path)
            with open(handle, "rb", closefd=False) as file:
                data = file.read()
            contents = read_lines(data, path)
        except BaseException:
            os.close(handle)
            raise
        journal = cls(path, handle)
        # Appending to a torn line would spoil the next record too.
        journal._is_torn = not data.endswith(b"\n")
        return journal, contents

    def note_sent(self, call: Call, attempt: Attempt, client_request_id: str) -> None:
        """Write that an attempt is about to be sent; raise JournalError if that fails."""
        record = {
            "custom_id": call.custom_id,
            "sent": attempt.number,
            "client_request_id": client_request_id,
            "at": attempt.started,
        }
        self._write_line(encode_record(record))
        self._is_needed = True

    def note_finished(self, call: Call) -> None:
        """Write the record of a finished call; raise JournalError if that fails."""
        self._write_line(encode_record(call_to_dict(call)))

    def close(self, run: Run) -> None:
        """Write the last line, see the file to the disk, and let go of it.

        A new journal of a run that has sent nothing is removed.
        """
        if self._handle is None:
            return
        try:
            if self._is_needed:
                self._write_line(encode_record(end_of(run)))
                os.fsync(self._handle)
        except (JournalError, OSError) as error:
            run.stopped = run.stopped or str(error)
        self._let_go()

    def close_untouched(self) -> None:
        """Let go of the file without writing to it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _let_go(self) -> None:
        self.close_untouched()
        if not self._is_needed:
            self.path.unlink(missing_ok=True)

    def _write_line(self, line: str) -> None:
        with self._lock:
            if self._handle is None:
                raise JournalError(f"The journal '{self.path}' is closed.")
            data = (b"\n" if self._is_torn else b"") + line.encode()
            try:
                written = os.write(self._handle, data)
            except OSError as error:
                raise JournalError(
                    f"The journal '{self.path}' cannot be written: {error.strerror}. Nothing more "
                    "is sent; what is known is in the run's records."
                ) from None
            self._is_torn = written != len(data)
        if self._is_torn:
            raise JournalError(
                f"The journal '{self.path}' took {written} of {len(data)} bytes: is the disk full? "
                "Nothing more is sent; what is known is in the run's records."
            )


_FLAGS = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def _lock(handle: int, path: Path) -> None:
    """Lock the file until it is closed, where the system can (not on Windows)."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise JournalError(
            f"The journal '{path}' is being written by another run. Wait for it, or interrupt it."
        ) from None
