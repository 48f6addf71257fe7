"""How a simulator says where it is, and how many callers it can take."""

import contextlib
import sys

_MOST_FILES = 65_536


def announce(base_url: str) -> None:
    """Write the base URL as a line of its own, at once."""
    sys.stdout.write(base_url + "\n")
    sys.stdout.flush()


def raise_file_limit() -> None:
    """Allow as many open connections as the system lets this process have.

    The usual soft limit, 1,024, is too small for a thousand streams.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
