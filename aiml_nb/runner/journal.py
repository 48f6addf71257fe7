"""The file that keeps every finished call of a run, whatever happens to the process.

One line per record (see `jsonl`), each by a single ``os.write`` to a file opened for appending: a
process that is killed leaves at most one torn line, at the end. One file belongs to one run, and
is locked while a run writes it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import JournalError
from ..jsonl import VERSION, call_to_dict, decode, encode, end_of
from ..records import Attempt, Call, Run


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

    @classmethod
    def create(cls, path: Path, head: Mapping[str, Any]) -> Journal:
        """Start a new journal with its first line.

        Raises
        ------
        JournalError
            If the file exists already or cannot be made.
        """
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise JournalError(
                f"The journal '{path}' exists already, and one file keeps one run. Go on with that "
                f"run: aiml_nb.resume({str(path)!r}), or name another file."
            ) from None
        except OSError as error:
            raise JournalError(f"The journal '{path}' cannot be made: {error.strerror}.") from None
        journal = cls(path, handle)
        _lock(handle, path)
        journal._write(head)
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
            raise JournalError(
                f"The journal '{path}' cannot be opened: {error.strerror}."
            ) from None
        try:
            _lock(handle, path)
            data = path.read_bytes()
            contents = read_lines(data, path)
            if not data.endswith(b"\n"):
                # Appending to a torn line would spoil the next record too.
                os.write(handle, b"\n")
        except BaseException:
            os.close(handle)
            raise
        return cls(path, handle), contents

    def note_sent(self, call: Call, attempt: Attempt, client_request_id: str) -> None:
        """Write that an attempt is about to be sent; raise JournalError if that fails."""
        self._write(
            {
                "custom_id": call.custom_id,
                "sent": attempt.number,
                "client_request_id": client_request_id,
                "at": attempt.started,
            }
        )

    def note_finished(self, call: Call) -> None:
        """Write the record of a finished call; raise JournalError if that fails."""
        self._write(call_to_dict(call))

    def close(self, run: Run) -> None:
        """Write the last line, see the file to the disk, and let go of it."""
        if self._handle is None:
            return
        handle = self._handle
        try:
            self._write(end_of(run))
            os.fsync(handle)
        except (JournalError, OSError) as error:
            run.stopped = run.stopped or str(error)
        self._handle = None
        os.close(handle)

    def close_untouched(self) -> None:
        """Let go of the file without writing to it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _write(self, record: Mapping[str, Any]) -> None:
        if self._handle is None:
            raise JournalError(f"The journal '{self.path}' is closed.")
        line = encode(record).encode("ascii")
        try:
            written = os.write(self._handle, line)
        except OSError as error:
            raise JournalError(
                f"The journal '{self.path}' cannot be written: {error.strerror}. Nothing more is "
                "sent; what is known is in the run's records."
            ) from None
        if written != len(line):
            raise JournalError(
                f"The journal '{self.path}' took {written} of {len(line)} bytes: is the disk full? "
                "Nothing more is sent; what is known is in the run's records."
            )


@dataclass(frozen=True, slots=True)
class Contents:
    """What a journal says.

    Parameters
    ----------
    head
        Its first line.
    calls
        The newest record of each finished call, by custom_id.
    sent
        The attempts announced for each call, by custom_id.
    torn
        How many lines were damaged and passed over.
    """

    head: dict[str, Any]
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    torn: int = 0


def read_lines(data: bytes, path: Path) -> Contents:
    """Read a journal's bytes; damaged lines are counted and passed over.

    Raises
    ------
    JournalError
        If the first line is not that of a journal, or of another version.
    """
    lines = [line for line in data.decode("utf-8", "replace").split("\n") if line.strip()]
    try:
        head = decode(lines[0]) if lines else {}
    except ValueError:
        head = {}
    if "aiml_nb_journal" not in head:
        raise JournalError(f"'{path}' is no journal: its first line is not that of one.")
    if head["aiml_nb_journal"] != VERSION:
        raise JournalError(
            f"'{path}' is a journal of version {head['aiml_nb_journal']!r}, and {VERSION} is "
            "expected. Read it with the aiml_nb that wrote it."
        )
    calls: dict[str, dict[str, Any]] = {}
    sent: dict[str, list[dict[str, Any]]] = {}
    torn = 0
    for line in lines[1:]:
        try:
            record = decode(line)
        except ValueError:
            torn += 1
            continue
        if "sent" in record:
            sent.setdefault(record["custom_id"], []).append(record)
        elif "timing" in record:
            calls[record["custom_id"]] = record
    return Contents(head, calls, sent, torn)


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
