"""Files of lines that are read one by one: none of them is in memory as a whole."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from pathlib import Path

from .binary_formats import BEGINNINGS

_BLOCK = 1 << 20  # bytes


def has_more_lines(path: Path, count: int) -> bool:
    """Say whether a file has more lines than `count`; False for one that cannot be read twice."""
    if not path.is_file():
        return False
    try:
        with open(path, "rb") as file:
            while count >= 0 and (block := file.read(_BLOCK)):
                count -= block.count(b"\n")
    except OSError:
        return False
    return count < 0


def can_be_read_by_lines(path: Path) -> bool:
    """Say whether a file can be read twice, and all of it is UTF-8."""
    if not path.is_file():  # a pipe can be read once
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open(path, "rb") as file:
            if file.read(8).startswith((b"\xff", b"\xfe", *BEGINNINGS)):
                return False
            file.seek(0)
            while block := file.read(_BLOCK):
                if b"\0" in block:
                    return False
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except (OSError, UnicodeDecodeError):
        return False
    return True


def lines_of(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the lines of a file that are not empty, and the name of each: ``Line 3``.

    Raises
    ------
    ValueError
        If another program writes the file meanwhile: nobody knows which lines were read.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="\n") as file:
            before = _state_of(file.fileno())
            for number, line in enumerate(file, 1):
                if not line.isspace():
                    yield f"Line {number}", line
            is_same = _state_of(file.fileno()) == before
    except (OSError, UnicodeDecodeError):  # it could be read a moment ago
        is_same = False
    if not is_same:
        raise ValueError(
            f"The prompts file {str(path)!r} was changed while it was read. Give it, or a copy, "
            "when no other program writes it any more."
        )


def _state_of(handle: int) -> tuple[int, int]:
    found = os.fstat(handle)
    return found.st_size, found.st_mtime_ns
