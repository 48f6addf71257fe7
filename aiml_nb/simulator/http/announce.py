"""How a simulator says where it is, and how many callers it can take."""

import sys

_MOST_FILES = 65_536
_MOST_CONNECTIONS = 16_384
_OWN_FILES = 64


def announce(base_url: str) -> None:
    """Write the base URL as a line of its own, at once."""
    sys.stdout.write(base_url + "\n")
    sys.stdout.flush()


def raise_file_limit() -> int:
    """Allow as many open files as the system lets this process have, and say how many.

    The usual soft limit, 1,024, is too small for a thousand streams.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return _MOST_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return soft
    return wanted


def count_places() -> int:
    """Raise the limit of open files and say how many connections leave room for our own."""
    return min(_MOST_CONNECTIONS, raise_file_limit() - _OWN_FILES)
