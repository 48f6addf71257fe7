"""`silent_server`: a server that never answers chat completions, and notices who disconnects."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from .raw_server import read_request


@dataclass
class SilentServer:
    """The address of the server, and semaphores to wait for its clients.

    Parameters
    ----------
    waiting, hung_up
        Released once for each client that has sent a request, and for each that disconnects.
    """

    base_url: str
    waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    hung_up: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


@contextmanager
def silent_server() -> Iterator[SilentServer]:
    """Leave every chat completion unanswered; answer any other request with a 404."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = SilentServer(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
    connections: list[socket.socket] = []

    def attend(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while b"/chat/completions" not in read_request(connection):
                connection.sendall(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            server.waiting.release()
            connection.settimeout(None)
            with suppress(ConnectionResetError):
                connection.recv(1)
            server.hung_up.release()

    def accept() -> None:
        with suppress(OSError):
            while True:
                connections.append(listener.accept()[0])
                threading.Thread(target=attend, args=(connections[-1],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        # Closing alone does not wake a thread that waits in accept() or recv().
        for each in (listener, *connections):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        listener.close()
