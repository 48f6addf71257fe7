"""`echo_server`: a server that echoes the API key in every part of its replies.

``{root}/{way}/v1`` selects how it answers: ``good``, an error status, ``page``, ``odd``, ``header``
(good, with the key in the head of the reply, too), ``list`` (the list of models is refused),
``slow`` (no reply), ``trickle`` (one chunk of a stream and no more).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STATUSES = ("400", "401", "403", "404", "429", "500")
WAYS = ("good", *STATUSES, "page", "odd", "header", "list")


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each reply waits for 40 ms

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the base's name
        pass

    def do_GET(self) -> None:
        way = self.path.split("/")[1]
        if way == "list":
            self._answer(401, json.dumps(self._failure()))
        else:
            self._answer(404, "{}")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        way = self.path.split("/")[1]
        if way in {"slow", "trickle"}:
            self._hang(body, way)
        elif way in STATUSES:
            self._answer(int(way), json.dumps(self._failure()))
        elif way == "page":
            self._answer(200, f"<p>{self._key}</p>" * 30, kind="text/html")
        elif way == "odd":
            self._answer(200, json.dumps({"choices": self._key * 30}))
        elif body.get("stream"):
            self._answer(200, "".join(map(self._event, [*self._key, None])), kind=EVENTS)
        else:
            self._answer(200, json.dumps(self._completion(self._key)))

    @property
    def _key(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _failure(self) -> dict[str, Any]:
        return {"error": {"message": f"Incorrect API key: {self._key}.", "code": self._key}}

    def _completion(self, text: str) -> dict[str, Any]:
        choice = {"index": 0, "message": {"role": "assistant", "content": text}}
        return {
            "id": self._key,
            "object": "chat.completion",
            "created": 1,
            "model": self._key,
            "choices": [{**choice, "finish_reason": self._key}],
        }

    def _event(self, letter: str | None) -> str:
        """Return a chunk of a stream; each has one letter of the key."""
        delta = {} if letter is None else {"content": letter}
        choice = {"index": 0, "delta": delta, "finish_reason": None if letter else "stop"}
        head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": self._key}
        return f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"

    def _answer(self, status: int, body: str, *, kind: str = "application/json") -> None:
        data = body.encode()
        says_it = "header" in self.path
        self.send_response(status, f"No {self._key}" if says_it else None)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if says_it:
            self.send_header("x-request-id", self._key)
            self.send_header("x-said", self._key)
        self.end_headers()
        self.wfile.write(data)

    def _hang(self, body: dict[str, Any], way: str) -> None:
        if way == "trickle":
            self.send_response(200)
            self.send_header("Content-Type", EVENTS)
            self.end_headers()
            self.wfile.write(self._event("x").encode())
            self.wfile.flush()
        self.server.leaving.wait(30)  # type: ignore[attr-defined]
        self.close_connection = True


EVENTS = "text/event-stream"


@contextmanager
def echo_server() -> Iterator[str]:
    """Serve on a local port, and yield the root of its addresses."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    server.leaving = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.leaving.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()
        thread.join()
