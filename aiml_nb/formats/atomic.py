"""Write files atomically: whole or not at all, and only regular files."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path


def check_place(path: Path) -> None:
    """Check that a file can be created, or replaced, at `path`.

    Raises
    ------
    OSError
        If there is something else than a file, such as a folder, a device, a pipe or a link, or
        the folder cannot be written.
    """
    try:
        kind = os.lstat(path).st_mode
    except FileNotFoundError:
        kind = stat.S_IFREG
    if not stat.S_ISREG(kind):
        raise OSError(None, f"it is {_name_kind(kind)}, not a file")
    if not path.parent.is_dir():  # else the error would name the temporary file
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    with tempfile.TemporaryFile(dir=path.parent):
        pass


def write_atomic(path: Path, pieces: Iterable[bytes], *, is_private: bool = True) -> Path:
    """Write `pieces` to `path`; a reader sees the old file or the whole new one.

    Parameters
    ----------
    is_private
        True lets only its owner read the file; False applies the umask.

    Raises
    ------
    OSError
        If it cannot be written; what was there before is still there.
    """
    check_place(path)
    # In the same folder: from another disk a file cannot be moved in one step.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(pieces)
        if not is_private:
            os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def _name_kind(kind: int) -> str:
    if stat.S_ISDIR(kind):
        return "a folder"
    if stat.S_ISLNK(kind):
        return "a link"
    return "a pipe" if stat.S_ISFIFO(kind) else "a device"


def _umask() -> int:
    mask = os.umask(0)  # the system tells the mask only when it is set
    os.umask(mask)
    return mask
