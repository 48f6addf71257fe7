"""Start the simulator as a child process, and wait for its end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import IO

# The environment variables that Python and the system's libraries need.
_PASSED_ON = frozenset(
    {
        *("PATH", "PATHEXT", "HOME", "USERPROFILE", "SHELL", "TMPDIR", "TEMP", "TMP"),
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "APPDATA", "LOCALAPPDATA"),
        *("LANG", "LANGUAGE", "TZ", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH"),
        *("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"),
    }
)
_PASSED_ON_PREFIXES = ("PYTHON", "LC_", "DYLD_")

# Seconds for the child to exit once its stdin is closed; it needs some milliseconds.
_EXIT_TIMEOUT = 2.0


def start_child(errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the simulator, its errors going to a file."""
    return subprocess.Popen(  # noqa: S603 - our own module
        # -P: a user's random.py in the current folder must not be imported.
        [sys.executable, "-P", "-m", __name__.rpartition(".")[0]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        # Unbuffered: a forked process can close its copies without a lock.
        bufsize=0,
        env=_make_environment(),
    )


def _make_environment() -> dict[str, str]:
    """Return the environment of the child: what Python needs, and the path to this package.

    Other variables may hold secrets, whatever their names, so none of them is passed on.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _PASSED_ON or name.upper().startswith(_PASSED_ON_PREFIXES)
    }
    root = str(Path(__file__).resolve().parents[2])
    # An installed package is found anyway; on PYTHONPATH its neighbours could hide the standard
    # library. A checkout that is run in place needs it.
    if root not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        before = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = root if not before else os.pathsep.join((root, before))
    return environment


def close_pipes(child: subprocess.Popen[bytes]) -> None:
    """Close our ends of its pipes, which ends it."""
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def await_end(child: subprocess.Popen[bytes]) -> None:
    """Wait until it has ended, and kill it if it does not."""
    try:
        child.wait(_EXIT_TIMEOUT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
