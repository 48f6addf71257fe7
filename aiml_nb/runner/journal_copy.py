"""What a journal has written, read back from its open file: another program took the file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import JournalError

NO_MORE = "Nothing more is sent; what is known is in the run's records."
_BLOCK = 1 << 20  # bytes


def written_bytes(handle: int | None, size: int, path: Path) -> Iterator[bytes]:
    """Return what a file holds: as long as it is open, also if it was deleted since.

    Parameters
    ----------
    size
        As much was written to it.

    Raises
    ------
    JournalError
        If it is not all there.
    """
    found = 0 if handle is None else os.fstat(handle).st_size
    if handle is None or found < size:
        raise JournalError(
            f"The journal '{path}' was cut short by another program, and with keep_texts=False "
            f"what is gone was nowhere else. {NO_MORE}"
        )
    return _read(handle, found)


def _read(handle: int, left: int) -> Iterator[bytes]:
    os.lseek(handle, 0, os.SEEK_SET)
    while left:
        yield (block := os.read(handle, min(left, _BLOCK)))
        left -= len(block)


def open_beside(place: Path, lost: Path, flags: int) -> tuple[int, str]:
    """Create a file beside the one that is lost, or in its place if it was deleted.

    Parameters
    ----------
    place, lost
        Where it was, and what it was called.

    Returns
    -------
    tuple
        Its descriptor, and its name.

    Raises
    ------
    JournalError
        If none can be made.
    """
    names = [lost.name, *(f"{lost.stem}-{number}{lost.suffix}" for number in range(2, 1000))]
    for name in names:
        try:
            return os.open(place.with_name(name), flags | os.O_CREAT | os.O_EXCL, 0o600), name
        except FileExistsError:
            continue
        except OSError as error:
            raise JournalError(
                f"The journal '{lost}' was deleted, replaced or changed by another program, "
                f"and no new one can be made beside it: {error.strerror}. {NO_MORE}"
            ) from None
    raise JournalError(f"There are too many journals beside '{lost}'. Move some elsewhere.")
