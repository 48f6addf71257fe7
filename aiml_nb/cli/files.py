"""Result files: checked before the work they cost, and written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..formats import atomic


def check_writable(path: Path, *, option: str) -> None:
    """Raise ValueError unless a file can be made at `path`; `option` is what to type next."""
    try:
        atomic.check_place(path)
    except OSError as error:
        raise ValueError(
            f"'{path}' cannot be written ({error.strerror}). Name another place with {option} FILE."
        ) from None


def write_atomic(path: Path, pieces: Iterable[bytes]) -> None:
    """Write `pieces` to `path` so that nobody ever sees half a file.

    Raises
    ------
    ValueError
        If it cannot be written after all, as on a full disk.
    """
    try:
        atomic.write_atomic(path, pieces, is_private=False)
    except OSError as error:
        raise ValueError(f"'{path}' cannot be written ({error.strerror}).") from None
