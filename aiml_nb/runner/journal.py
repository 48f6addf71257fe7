"""The journal file of a run: append what was sent and what was answered, for `resume`.

Each line (`formats.journal`) is one ``os.write`` to a file opened for appending: a killed process
leaves one torn line at most, at the end. A file belongs to one run, which locks it. If another
program deletes, replaces or changes it, the records are written again under another name.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from ..errors import JournalError
from ..formats.journal import finished_line, footer, sent_line
from ..formats.journal_contents import REPAIRED, Contents
from ..formats.journal_file import read_journal
from ..formats.lines import encode_record
from ..printable import say
from ..records import Attempt, Call, Run
from .journal_copy import NO_MORE, open_beside, written_bytes
from .journal_lock import close_in_children, lock


class Journal:
    """A journal open for writing; made by `create` or `reopen`.

    Parameters
    ----------
    path
        The file.
    handle
        Its file descriptor, locked.

    Attributes
    ----------
    all_lines, is_kept
        Returns every line that the file should hold; None if unknown. False while a new journal
        holds no attempt: then it is removed at the end.
    head, holds_texts
        Where the lines of its head begin, in a new one. True if texts of the run are nowhere else.
    """

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self.all_lines: Callable[[], Iterable[str]] | None = None
        self._absolute = Path(os.path.abspath(path))  # the process may change its directory
        self._handle: int | None = handle
        self._size = os.fstat(handle).st_size
        self._is_torn = False
        self.is_kept = True
        self.head: list[int] = []
        self.holds_texts = False
        self._lock = threading.RLock()
        close_in_children(self)

    @classmethod
    def create(cls, path: Path, lines: Iterator[str]) -> Journal:
        """Start a new journal with the lines of its head.

        Raises
        ------
        JournalError
            If the file exists already or cannot be made.
        TypeError, ValueError
            If the head would hold what JSON does not know.
        """
        first = next(lines)  # before the file is made: a failure must leave none behind
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)  # may be confidential
        except OSError as error:
            if os.path.lexists(path):
                said = f"The journal '{path}' exists already. Name another file."
            else:
                said = (
                    f"The journal '{path}' cannot be made ({error.strerror}). Name another place."
                )
            raise JournalError(said) from None
        journal = cls(path, handle)
        journal.is_kept = False
        try:
            lock(handle, path)
            journal.head = [journal._write_line(line) for line in chain([first], lines)]
        except BaseException:
            journal._close_or_remove()
            raise
        return journal

    @classmethod
    def reopen(cls, path: Path, *, stored: bool = False, **how: bool) -> tuple[Journal, Contents]:
        """Open and lock a journal to go on with it; return it and what it holds.

        Parameters
        ----------
        stored
            Leave its prompts and its answers in the file, as far as they can be.
        **how
            As in `read_lines`.

        Raises
        ------
        JournalError
            If it cannot be read, is not a journal, or another run is writing it.
        """
        try:
            handle = os.open(path, _FLAGS)
        except OSError as error:
            linked = error.errno == errno.ELOOP
            reason = "it is a link; name the file itself" if linked else error.strerror
            raise JournalError(f"The journal '{path}' cannot be opened: {reason}.") from None
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise JournalError(f"'{path}' is not a journal: it is not a file.")
            lock(handle, path)
            contents, has_end = read_journal(handle, path, stored=stored, **how)
        except BaseException:
            os.close(handle)
            raise
        journal = cls(path, handle)
        # A torn last line gets a line end before the next record, which would else be damaged too.
        journal._is_torn = not has_end or contents.last in contents.torn
        return journal, contents

    def note_sent(self, call: Call, attempt: Attempt, client_request_id: str) -> None:
        """Write that an attempt will be sent; raise JournalError if that fails."""
        self._write_line(sent_line(call, attempt, client_request_id))
        self.is_kept = True

    def note_finished(
        self, call: Call, *, known: Mapping[str, Any] | None = None, simulated: bool = False
    ) -> int:
        """Write the record of a finished call, and return where; raise JournalError on failure."""
        with self._lock:
            place = self._write_line(finished_line(call, known=known, simulated=simulated))
            self._rewrite_if_lost()
        return place

    def note_resumed(self, line: str) -> None:
        """Write what is new in a resumed run (`changes.resume_note`), before sending."""
        self._write_line(line)

    def close(self, run: Run) -> None:
        """Write the last line, flush the file to the disk, and close it.

        A new journal of a run that has sent nothing is removed.
        """
        if self._handle is None:
            return
        try:
            if self.is_kept:
                self._rewrite_if_lost()
                self._write_line(encode_record(footer(run)))
                # Only at the end: lines in the page cache survive the death of the process, and an
                # fsync for each would take longer than many calls.
                os.fsync(self._handle)
        except (JournalError, OSError) as error:
            run.stopped = run.stopped or str(error)
        self._close_or_remove()

    def close_without_writing(self) -> None:
        """Close the file without writing to it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    @property
    def _is_in_place(self) -> bool:
        """True while the file at our path is the one we opened and has the size we wrote."""
        try:
            found = os.stat(self._absolute, follow_symlinks=False)
        except OSError:
            return False
        own = os.fstat(self._handle) if self._handle is not None else found
        return os.path.samestat(found, own) and found.st_size == self._size

    def _close_or_remove(self) -> None:
        is_empty_leftover = not self.is_kept and self._is_in_place  # and not another run's by now
        self.close_without_writing()
        if is_empty_leftover:
            self._absolute.unlink(missing_ok=True)

    def _rewrite_if_lost(self) -> None:
        """Write everything to a new file if another program has replaced or changed this one."""
        if self.all_lines is None or self._is_in_place:
            return
        lost = self.path
        # A file that was deleted or replaced can be read as long as it is open.
        if self.holds_texts:
            lines = written_bytes(self._handle, self._size, self.path)
        else:
            lines = map(str.encode, self.all_lines())
        with suppress(OSError):
            self._absolute.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = self._handle
        handle, name = open_beside(self._absolute, lost, _FLAGS)
        self.path, self._absolute = lost.with_name(name), self._absolute.with_name(name)
        self._handle, self._size, self._is_torn = handle, 0, False
        lock(handle, self.path)
        try:
            for each in lines:
                self._write(each)
        finally:
            if before is not None:
                os.close(before)
        say(
            f"The journal '{lost}' was deleted, replaced or changed by another program while the "
            f"run wrote it. All its records are in '{self.path}' now, and the run goes on there.",
            file=sys.stderr,
        )

    def _write_line(self, line: str) -> int:
        """Write a line, and return where it begins."""
        before = f"\n{REPAIRED}".encode() if self._is_torn else b""
        data = line.encode()
        with self._lock:
            self._write(before + data)
            # As the system has it: another program may have appended something meanwhile.
            return os.lseek(self._handle or 0, 0, os.SEEK_CUR) - len(data)

    def _write(self, data: bytes) -> None:
        with self._lock:
            if self._handle is None:
                raise JournalError(f"The journal '{self.path}' is closed.")
            try:
                written = os.write(self._handle, data)
            except OSError as error:
                raise JournalError(
                    f"The journal '{self.path}' cannot be written: {error.strerror}. {NO_MORE}"
                ) from None
            self._size += written
            self._is_torn = written != len(data)
        if self._is_torn:
            raise JournalError(
                f"The journal '{self.path}' took {written} of {len(data)} bytes: is the disk full? "
                f"{NO_MORE}"
            )


# O_NOFOLLOW: a link could lead the journal elsewhere. O_CLOEXEC: a child would keep the lock.
_FLAGS = os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
