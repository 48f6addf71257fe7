"""`gated_server`: any reply to the list of models; answers wait until the test opens a gate."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ..waiting import wait_until

Reply = tuple[int, bytes]


def completion(text: str = "Yes.") -> Reply:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return 200, json.dumps(body).encode()


def refusal(status: int, message: str, **more: Any) -> Reply:
    return status, json.dumps({"error": {"message": message, **more}}).encode()


def listing(*models: str) -> Reply:
    data = [{"id": name, "object": "model"} for name in models]
    return 200, json.dumps({"object": "list", "data": data}).encode()


# Replies to the list of models that are none; each is sent as it is, and the connection closed.
BAD_LISTS: dict[str, bytes] = {
    "missing scopes": b"HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n"
    b'{"error": {"message": "Missing scopes: api.model.read"}}',
    "forbidden": b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n{}",
    "not found": b"HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\nnothing here",
    "broken": b"HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\n\r\noops",
    "busy": b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 60\r\nconnection: close\r\n\r\n{}",
    "a page": b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<html>Hi",
    "empty": b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n",
    "no models": b'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"object": "list", "data": []}',
    "null": b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nnull",
    "numbers": b'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"data": [1, null, {"id": 2}, []]}',
    "cut": b'HTTP/1.1 200 OK\r\ncontent-length: 99\r\nconnection: close\r\n\r\n{"data": [',
    "garbage": b"\x00\x01\x02 what?\r\n\r\n",
    "nothing": b"",
    "moved": b"HTTP/1.1 302 Found\r\nlocation: /v2/models\r\nconnection: close\r\n\r\n",
    "packed": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n\x1f\x8b\x08",
    "huge": b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b" " * (9 * 2**20),
    "deep": b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"[" * 100_000,
    "of others": b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"
    b'{"object": "list", "data": [{"id": "other"}, {"id": "gpt-*"}]}',
}


@dataclass
class GatedServer:
    """The replies of the server, and the requests it has received.

    Parameters
    ----------
    models
        The reply to ``GET /v1/models``: raw bytes, a `Reply`, or ``reset``, ``hang``, ``trickle``.
    chat
        Returns the reply to a chat completion, given its body.
    path
        The path of the API; others get a 404.
    n_held
        The first chats, whose answers wait for `gate`; streams wait before their first chunk.
    """

    models: bytes | Reply | str = field(default_factory=lambda: listing("m"))
    chat: Callable[[dict[str, Any]], Reply] = lambda body: completion()
    path: str = "/v1"
    n_held: int = 0
    base_url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    chats: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Message] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def lists(self) -> list[str]:
        """The paths of the requests for lists of models."""
        return [path for method, path in self.asked if method == "GET"]

    def wait_for_chats(self, count: int) -> None:
        """Wait until so many chats have arrived."""
        wait_until(lambda: len(self.chats) >= count)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each reply waits for 40 ms

    @property
    def gated(self) -> GatedServer:
        return self.server.gated  # type: ignore[attr-defined, no-any-return]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.gated.asked.append(("GET", self.path))
        models = self.gated.models
        if self.path != f"{self.gated.path}/models":
            self._answer(404, b"404 page not found")
        elif isinstance(models, tuple):
            self._answer(*models)
        elif isinstance(models, bytes):
            self.close_connection = True
            self.wfile.write(models)
        elif models == "reset":
            self.close_connection = True
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        else:
            self.close_connection = True
            while not self.gated.closing.wait(0.1):
                if models == "trickle":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n"[:1])

    def do_POST(self) -> None:
        self.gated.asked.append(("POST", self.path))
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != f"{self.gated.path}/chat/completions":
            self._answer(404, b"404 page not found")
            return
        self.gated.headers.append(self.headers)
        self.gated.chats.append(body)
        is_held = len(self.gated.chats) <= self.gated.n_held
        if is_held and not body.get("stream"):
            self.gated.gate.wait(30)
        status, reply = self.gated.chat(body)
        if status == 0:
            self.close_connection = True
        elif body.get("stream") and status == 200:
            self._stream(is_held=is_held)
        else:
            self._answer(status, reply)

    def _stream(self, *, is_held: bool) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.flush()
        if is_held:
            self.gated.gate.wait(30)
        for text, reason in (("Yes.", None), ("", "stop")):
            choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
            piece = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
            self.wfile.write(f"data: {json.dumps({**piece, 'choices': [choice]})}\n\n".encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status in {301, 302, 307, 308}:
            self.send_header("location", "http://127.0.0.1:1/v1/chat/completions")
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        pass  # clients may disconnect at any time


@contextmanager
def gated_server(**how: Any) -> Iterator[GatedServer]:
    """Serve on a local port until the context is left."""
    gated = GatedServer(**how)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.gated = gated  # type: ignore[attr-defined]
    gated.base_url = f"http://127.0.0.1:{server.server_port}{gated.path}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield gated
    finally:
        gated.closing.set()
        gated.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()
