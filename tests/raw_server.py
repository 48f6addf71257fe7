"""`raw_server`: a server that answers every call with given bytes, valid or not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"
SSE_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


@dataclass
class RawServer:
    """The address of the server, and the requests it has received."""

    base_url: str
    requests: list[bytes] = field(default_factory=list)

    @property
    def chats(self) -> list[bytes]:
        """The requests for chat completions, without the warm-up."""
        return [request for request in self.requests if b"/chat/completions" in request]


@contextmanager
def raw_server(reply: bytes, *, port_of: RawServer | None = None) -> Iterator[RawServer]:
    """Answer every call with `reply` and close; any other request with a 404."""
    port = int(port_of.base_url[:-3].rpartition(":")[2]) if port_of else 0
    listener = socket.create_server(("127.0.0.1", port))
    server = RawServer(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    request = read_request(connection)
                except OSError:  # no complete request within the timeout
                    continue
                server.requests.append(request)
                call = request.startswith(b"POST ")
                not_found = b"HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n"
                with suppress(OSError):  # the client may have closed the connection
                    connection.sendall(reply if call else not_found)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        # Closing alone does not wake a thread that waits in accept().
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def read_request(connection: socket.socket) -> bytes:
    """Return a whole request; OSError if none comes within a second."""
    connection.settimeout(1)
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        body += _receive(connection)
    return head + b"\r\n\r\n" + body


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the caller hung up")
    return data
