"""Write files atomically: whole or not at all, and only regular files."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class WriteError(OSError):
    """Names the file that cannot be written, and what to do; Python names a temporary one."""

    def __str__(self) -> str:
        return (
            f"{self.filename!r} cannot be written: {self.strerror}. Name another place, such as "
            f"{os.path.join(os.path.expanduser('~'), os.path.basename(self.filename))!r}."
        )


def check_place(path: Path) -> None:
    """Check that a file can be created, or replaced, at `path`.

    Raises
    ------
    WriteError
        If there is something else than a file, such as a folder, a device, a pipe or a link, or
        the folder cannot be written.
    """
    with _named(path):
        _check_place(path)


def _check_place(path: Path) -> None:
    try:
        kind = os.lstat(path).st_mode
    except FileNotFoundError:
        kind = stat.S_IFREG
    if not stat.S_ISREG(kind):
        raise OSError(None, f"it is {_name_kind(kind)}, not a file")
    if not path.parent.is_dir():
        raise OSError(errno.ENOENT, f"there is no folder {str(path.parent)!r}")
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
    WriteError
        If it cannot be written; what was there before is still there.
    """
    check_place(path)
    with _named(path):
        _write_atomic(path, pieces, is_private=is_private)
    return path


def _write_atomic(path: Path, pieces: Iterable[bytes], *, is_private: bool) -> None:
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


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Raise what goes wrong with a file as a `WriteError` that names it."""
    try:
        yield
    except OSError as error:
        raise WriteError(error.errno, error.strerror or str(error), str(path)) from None


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
