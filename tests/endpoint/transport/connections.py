"""A server that is told, request by request, what to do with its connection."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


@dataclass
class Exchange:
    """A request for a completion, read as a whole, and the connection it came on.

    Parameters
    ----------
    connection
        Which of those that asked for completions, from 0.
    number
        Which request on this connection, from 0.
    """

    socket: socket.socket
    connection: int
    number: int
    request: bytes

    @property
    def prompt(self) -> str:
        body = json.loads(self.request.partition(b"\r\n\r\n")[2])
        return str(body["messages"][-1]["content"])

    @property
    def reply(self) -> bytes:
        """The right answer: the prompt, on a connection that stays open."""
        return self.reply_with()

    def reply_with(self, *headers: bytes) -> bytes:
        body = json.loads(self.request.partition(b"\r\n\r\n")[2])
        if body.get("stream"):
            return _stream(self.prompt, headers)
        return _whole(self.prompt, headers)

    def read_on(self) -> None:
        """Read the rest of the request, of which only the beginning has been read."""
        head, _, body = self.request.partition(b"\r\n\r\n")
        while len(body) < _find_length(head):
            body += _receive(self.socket)
        self.request = head + b"\r\n\r\n" + body

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def close(self) -> None:
        """Say goodbye as a server does that has no more to say."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def reset(self) -> None:
        """Leave without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Behaviour = Callable[[Exchange], None]


@dataclass
class Connections:
    """Where the server listens, and what it saw."""

    base_url: str
    exchanges: list[Exchange] = field(default_factory=list)
    opened: int = 0
    leaving: threading.Event = field(default_factory=threading.Event)

    @property
    def prompts(self) -> list[str]:
        return [exchange.prompt for exchange in self.exchanges]


@contextmanager
def connection_server(
    behave: Behaviour, *, tls: ssl.SSLContext | None = None, head_only: bool = False
) -> Iterator[Connections]:
    """Have `behave` answer every request for a completion; any other gets a 404 and a goodbye.

    Parameters
    ----------
    head_only
        Call `behave` before the body of a request has been read.
    """
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    scheme = "https" if tls else "http"
    server = Connections(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/v1")
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if tls is None:
                _serve(connection, server, behave, head_only=head_only)
                return
            with tls.wrap_socket(connection, server_side=True) as secured:
                _serve(secured, server, behave, head_only=head_only)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        server.leaving.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (accepting, *threads):
            thread.join(5)


def _serve(
    connection: socket.socket, server: Connections, behave: Behaviour, *, head_only: bool
) -> None:
    connection.settimeout(10)
    which, number, left = -1, 0, b""
    while True:
        request, left = _read_request(connection, left, head_only=head_only)
        if b"/chat/completions" not in request:
            connection.sendall(NOT_FOUND)
            return
        if which < 0:
            which, server.opened = server.opened, server.opened + 1
        exchange = Exchange(connection, which, number, request)
        server.exchanges.append(exchange)
        number += 1
        behave(exchange)
        if connection.fileno() < 0:
            return


def _read_request(
    connection: socket.socket, data: bytes, *, head_only: bool
) -> tuple[bytes, bytes]:
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = _find_length(head)
    while len(body) < length and not head_only:
        body += _receive(connection)
    return head + b"\r\n\r\n" + body[:length], body[length:]


def _find_length(head: bytes) -> int:
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)


def _receive(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError
    return data


def _whole(text: str, headers: tuple[bytes, ...]) -> bytes:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = json.dumps({"object": "chat.completion", "choices": [choice]}).encode()
    head = [b"content-type: application/json", b"content-length: %d" % len(body), *headers]
    return _head(head) + body


def _stream(text: str, headers: tuple[bytes, ...]) -> bytes:
    head = [b"content-type: text/event-stream", b"transfer-encoding: chunked", *headers]
    pieces = [{"content": text}, {}]
    ends = [None, "stop"]
    chunks = [
        json.dumps({"choices": [{"index": 0, "delta": piece, "finish_reason": end}]})
        for piece, end in zip(pieces, ends, strict=True)
    ]
    events = [f"data: {event}\n\n".encode() for event in [*chunks, "[DONE]"]]
    return _head(head) + b"".join(b"%x\r\n%s\r\n" % (len(e), e) for e in [*events, b""])


def _head(headers: list[bytes]) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + b"\r\n".join(headers) + b"\r\n\r\n"
