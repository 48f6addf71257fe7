"""Lines of a file that is not held in memory, by the places where they begin."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

from ..errors import JournalError
from .lines import decode

T = TypeVar("T")
_BLOCK = 256 * 1024  # bytes, read at once: who goes through a run reads line after line


class LineFile:
    """Reads single lines of a file, in which whatever is there stays where it is.

    Parameters
    ----------
    source
        A file that is open, and is closed with the last reference to this object; or the path of
        one, which is opened for a moment whenever a line is needed.

    Attributes
    ----------
    path
        The path, None for a file that is open.
    """

    def __init__(self, source: Path | IO[bytes]) -> None:
        self.path = source if isinstance(source, Path) else None
        self._source = Path(os.path.abspath(source)) if isinstance(source, Path) else source
        self._start, self._block = 0, b""
        self._lock = threading.Lock()
        if not isinstance(source, Path):
            weakref.finalize(self, source.close)

    def record(self, offset: int, *, name: str | None = None) -> dict[str, Any]:
        """Return the decoded line that begins at `offset`, that of a call if it has a name.

        Raises
        ------
        JournalError
            If it cannot be read, or is another by now.
        """

        def read(line: str) -> dict[str, Any]:
            record = decode(line)
            if name is not None and record.get("custom_id") != name:
                raise ValueError("It is the line of another call.")
            return record

        return self.parsed(offset, read)

    def parsed(self, offset: int, parse: Callable[[str], T]) -> T:
        """Return what `parse` makes of the line that begins at `offset`; raise as `record`."""
        try:
            return parse(self.line(offset).decode())
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it was changed since"
            raise JournalError(
                f"'{self._source}' holds texts of this run, which are not kept in memory, and "
                f"cannot be read: {reason}. Put that file back as the run has left it."
            ) from None

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield all lines of a file that is open, each with the place where it begins."""
        assert not isinstance(self._source, Path)  # noqa: S101
        place = 0
        self._source.seek(0)
        for line in self._source:
            yield place, line
            place += len(line)

    def is_plain(self) -> bool:
        """Say whether an open file begins as we write it: editors may save it in other ways."""
        assert not isinstance(self._source, Path)  # noqa: S101
        self._source.seek(0)
        return self._source.read(2) == b'{"' and b"\r" not in self._source.readline()

    def has_end(self) -> bool:
        """Say whether the last line of an open file has an end."""
        assert not isinstance(self._source, Path)  # noqa: S101
        end = self._source.seek(0, os.SEEK_END)
        self._source.seek(max(end - 1, 0))
        return self._source.read(1) == b"\n"

    def line(self, offset: int) -> bytes:
        """Return the bytes of the line that begins at `offset`; raise OSError on failure."""
        with self._lock:
            at = offset - self._start
            end = self._block.find(b"\n", at) if 0 <= at < len(self._block) else -1
            if end < 0:
                self._read(offset)
                at, end = 0, self._block.find(b"\n")
            return self._block[at:end] if end >= 0 else self._block[at:]

    def _read(self, offset: int) -> None:
        """Read a block from `offset` on, with the whole of its first line."""
        if isinstance(self._source, Path):
            with open(self._source, "rb") as file:
                self._block = _read_block(file, offset)
        else:
            self._block = _read_block(self._source, offset)
        self._start = offset


def _read_block(file: IO[bytes], offset: int) -> bytes:
    file.seek(offset)
    block = file.read(_BLOCK)
    return block if b"\n" in block else block + file.readline()
