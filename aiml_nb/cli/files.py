"""Write result files: checked before the work they cost, and whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def check_writable(path: Path, *, option: str) -> None:
    """Raise ValueError unless a file can be made at `path`; `option` is what to type next."""
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(
            f"'{path}' cannot be written ({reason}). Name another place with {option} FILE."
        ) from None


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that nobody ever sees half a file.

    Raises
    ------
    ValueError
        If it cannot be written after all, as on a full disk.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(name, 0o666 & ~_umask())  # mkstemp makes it private
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise ValueError(f"'{path}' cannot be written ({error.strerror}).") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
