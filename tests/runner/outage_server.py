"""`outage_server`: a real server that goes away during a run and comes back at the same address."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from .virtual import BODY

_HEAD = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a RST


class OutageServer:
    """Answers each chat completion, until `leave`.

    Parameters
    ----------
    on_request
        Called before each answer with the number of chat completions so far.
    """

    def __init__(self, on_request: Callable[[OutageServer, int], object]) -> None:
        self.on_request = on_request
        self.status = b"200 OK"
        self.requests = 0
        self.is_away = threading.Event()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self._listener.getsockname()[1]
        self._connections: set[socket.socket] = set()
        self._accept()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def leave(self) -> None:
        """Refuse new connections, and reset open ones."""
        with self._lock:
            self.is_away.set()
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            for connection in self._connections:
                with suppress(OSError):
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    connection.shutdown(socket.SHUT_RD)
                connection.close()
            self._connections.clear()

    def come_back(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=200)
        self.is_away.clear()
        self._accept()

    def leave_for(self, seconds: float) -> None:
        self.leave()
        threading.Timer(seconds, self.come_back).start()

    def _accept(self) -> None:
        threading.Thread(target=self._serve, args=[self._listener], daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                if self.is_away.is_set():
                    connection.close()
                    return
                self._connections.add(connection)
            threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            while request := _read(connection):
                if not request.startswith(b"POST"):
                    connection.sendall(self._reply(b"404 Not Found", b"{}"))
                    continue
                with self._lock:
                    self.requests += 1
                    number = self.requests
                self.on_request(self, number)
                connection.sendall(self._reply(self.status, BODY))
        except OSError:
            pass
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _reply(self, status: bytes, body: bytes) -> bytes:
        status = self.status if self.status != b"200 OK" else status
        return _HEAD % (status, len(body)) + body


@contextmanager
def outage_server(
    on_request: Callable[[OutageServer, int], object] = lambda *_: None,
) -> Iterator[OutageServer]:
    server = OutageServer(on_request)
    try:
        yield server
    finally:
        server.leave()


def _read(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            return b""
        body += piece
    return head
