"""DNS lookups that can be abandoned.

The system's lookup cannot be cancelled, and takes half a minute or more if no name server answers.
So it runs in a daemon thread that neither a call nor the end of the process waits for.
"""

from __future__ import annotations

import os
import socket
import threading
from concurrent.futures import Future
from typing import Any

Addresses = list[tuple[Any, Any, int, str, Any]]

_lock = threading.Lock()
_pending: dict[tuple[int, str, int, int], Future[Addresses]] = {}


def resolve(host: str, port: int, family: int = socket.AF_UNSPEC) -> Future[Addresses]:
    """Return a future of the addresses of a host, as ``socket.getaddrinfo`` returns them.

    A lookup that is already in progress is shared.
    """
    # By process: after a fork the thread of a pending lookup exists in the parent only.
    key = (os.getpid(), host, port, family)
    with _lock:
        found = _pending.get(key)
        if found is None:
            found = _pending[key] = Future()
            found.set_running_or_notify_cancel()  # one waiter cannot cancel it for the others
            threading.Thread(target=_resolve, args=(key, found), daemon=True).start()
    return found


def _resolve(key: tuple[int, str, int, int], found: Future[Addresses]) -> None:
    _, host, port, family = key
    try:
        addresses = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    except Exception as error:  # noqa: BLE001  raised in the callers
        _remove(key)
        found.set_exception(error)
    else:
        _remove(key)
        found.set_result(addresses)


def _remove(key: tuple[int, str, int, int]) -> None:
    with _lock:
        _pending.pop(key, None)
