"""Which exercises have passed: a file of text beside the notebooks, one exercise a line.

Only what `check` has passed stands in it: no name, no time, no answer. Each kernel appends to it,
so several may do so at once, and a restart loses nothing. Nothing is ever sent anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from .front_end import has_front_end

FILE = "course-progress.txt"
_HEAD = (
    "# The exercises of aiml_nb's course that have passed their check, one a line.\n"
    "# Written by check(), read by progress(), sent nowhere. Delete it whenever you like.\n"
)

_here: set[str] = set()
_elsewhere: set[str] = set()


def note_passed(key: str) -> None:
    """Note that an exercise has passed its check; in a notebook, in the file, too.

    Parameters
    ----------
    key
        Such as ``"3.2"``.
    """
    known = read_passed()
    _here.add(key)
    _keep([key], known)


def restore(keys: Iterable[str]) -> None:
    """Note that exercises have passed in an earlier session.

    Parameters
    ----------
    keys
        Such as ``"3.2"``.
    """
    known = read_passed()
    _elsewhere.update(keys)
    _keep(keys, known)


def _keep(keys: Iterable[str], known: set[str]) -> None:
    new = [key for key in keys if key not in known]
    # A script or a test that calls check is no learner's notebook.
    if not new or not has_front_end():
        return
    with suppress(OSError):  # a folder that cannot be written to; `where_kept` says so
        _begin_file()
        with Path(FILE).open("a", encoding="utf-8") as file:
            file.write("".join(f"{key}\n" for key in new))


def passed(key: str) -> bool:
    """Tell whether an exercise has passed its check since this kernel was started.

    Parameters
    ----------
    key
        Such as ``"3.2"``.
    """
    return key in _here


def read_passed() -> set[str]:
    """Return the exercises that have passed, in this kernel and as far as the file tells."""
    found = _here | _elsewhere
    with suppress(OSError):
        lines = Path(FILE).read_text(encoding="utf-8", errors="replace").splitlines()
        found.update(line.strip() for line in lines if not line.startswith("#"))
    return found


def where_kept() -> str:
    """Say where what has passed is kept, and how to get rid of it."""
    file = Path(FILE)
    if file.is_file():
        return f"Kept in {file.absolute()}, and nowhere else. Delete that file to begin anew."
    if read_passed() and has_front_end():
        return (
            f"Kept by this kernel only: {file.absolute()} cannot be written. Keep the code below, "
            "and give it to progress(…) after a restart."
        )
    return f"No file is kept yet. {file.absolute()} is made when a check passes in a notebook."


def _begin_file() -> None:
    with suppress(FileExistsError), Path(FILE).open("x", encoding="utf-8") as file:
        file.write(_HEAD)
        print(f"(Noted in {FILE}, beside this notebook: progress() reads it. Delete it any time.)")
