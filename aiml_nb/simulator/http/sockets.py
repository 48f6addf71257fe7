"""The listening socket: the address to bind, and how many connections fit."""

import ipaddress
import socket
import sys

from ..errors import SimulatorError

_MAX_FILES = 65_536
_MAX_CONNECTIONS = 16_384
_OWN_FILES = 64


def print_base_url(base_url: str) -> None:
    """Print the base URL as a line of its own, and flush: the parent waits for it."""
    sys.stdout.write(base_url + "\n")
    sys.stdout.flush()


def raise_file_limit() -> int:
    """Raise the limit of open files as far as allowed, and return it.

    The usual soft limit of 1,024 is too small for a thousand streams.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return _MAX_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return soft
    return wanted


def connection_limit() -> int:
    """Raise the limit of open files; return how many connections it allows besides our files."""
    files = raise_file_limit()
    return min(_MAX_CONNECTIONS, max(files - _OWN_FILES, files // 2))


def open_socket(host: str, port: int, *, is_public: bool = False) -> socket.socket:
    """Bind a loopback address, or a public one if `is_public`; port 0 takes a free one.

    Raises
    ------
    SimulatorError
        If the address is not loopback and not meant to be public, or in use.
    """
    address = "127.0.0.1" if host == "localhost" else host
    if not (is_loopback(address) or (is_public and is_address(address))):
        raise SimulatorError(
            f"The simulator serves this machine only; it does not bind {host!r}. Use the host "
            "127.0.0.1. To let the whole network call it, give the address of a network, such as "
            "0.0.0.0, twice: --host 0.0.0.0 --host 0.0.0.0"
        )
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        if sys.platform != "win32":  # on Windows two servers could share the port
            # A port of a server that has just ended can be bound again at once.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise SimulatorError(
            f"The simulator cannot use port {port} of {address} ({reason}). "
            "Give another one; --port 0 picks a free one."
        ) from error
    return listener


def is_address(text: str) -> bool:
    """Say whether a text is an IP address, not a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(text: str) -> bool:
    """Say whether a text is an address of this machine only."""
    return is_address(text) and ipaddress.ip_address(text).is_loopback
