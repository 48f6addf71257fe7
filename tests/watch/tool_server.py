"""A server for frameworks: it calls the tools it is offered, and keeps nothing between requests.

What it answers depends on what it is asked alone, so that a second program gets what the first got:
the first tool that was not called yet, with arguments that fit; then, and without tools, a text.
A model called ``busy`` is asked twice for everything, ``bad`` refuses, ``odd`` answers first with
what does not fit, ``endless`` streams a word and waits until its caller hangs up.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ARGUMENTS = '{"city":"Paris"}'
UNFIT = '{"town":1}'
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


@contextmanager
def tool_server() -> Iterator[str]:
    """Serve until the block ends, and yield what an openai client takes for its address."""
    http = _Server(("127.0.0.1", 0), _Handler)
    http.daemon_threads = True
    http.asked = set()  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, daemon=True, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}/v1"
    finally:
        http.shutdown()
        http.server_close()
        thread.join(5)


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:  # a program that ends hangs up
        pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each reply waits for 40 ms

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["content-length"]))
        asked = json.loads(data)
        if asked["model"] == "bad":
            self._send({"error": {"message": "No such thing.", "code": "bad"}}, status=400)
        elif asked["model"] == "busy" and not self._was_asked(data):
            self._send({"error": {"message": "Later."}}, status=429)
        elif self.path.endswith("/embeddings"):
            self._send(embed(asked))
        elif asked.get("stream"):
            self._stream(asked)
        else:
            self._send(complete(asked))

    def _was_asked(self, data: bytes) -> bool:
        """Say whether this is the second of two, and forget both."""
        asked: set[bytes] = self.server.asked  # type: ignore[attr-defined]
        if data in asked:
            asked.remove(data)
            return True
        asked.add(data)
        return False

    def _send(self, body: Any, *, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.send_header("x-request-id", "r-1")
        if status == 429:
            self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, asked: Any) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        with suppress(OSError):
            for number, chunk in enumerate(chunks(asked)):
                if number == 2 and asked["model"] == "endless":
                    self.connection.settimeout(20)
                    self.connection.recv(1)
                self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                self.wfile.flush()
            self.wfile.write(b"data: [DONE]\n\n")


def answer(asked: Any) -> tuple[str, str]:
    """Return the name of the tool to call, "" for none, and its arguments, or the text."""
    said = [each for each in asked["messages"] if each["role"] == "assistant"]
    called = {call["function"]["name"] for each in said for call in each.get("tool_calls") or ()}
    names = [tool["function"]["name"] for tool in asked.get("tools") or ()]
    if asked["model"] == "odd":
        return (names[0] if names else ""), (ARGUMENTS if said else UNFIT)
    return next((name for name in names if name not in called), ""), ARGUMENTS


def complete(asked: Any) -> dict[str, Any]:
    """Return a whole answer."""
    tool, text = answer(asked)
    message: dict[str, Any] = {"role": "assistant", "content": None if tool else text}
    if tool:
        message["tool_calls"] = [_call(tool, text)]
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if tool else "stop"}
    return _head("chat.completion") | {"choices": [choice], "usage": USAGE}


def chunks(asked: Any) -> list[dict[str, Any]]:
    """Return the pieces of an answer."""
    tool, text = answer(asked)
    first, second = text[:6], text[6:]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None if tool else ""}]
    if tool:
        rest = {"index": 0, "function": {"arguments": second}}
        deltas += [{"tool_calls": [_call(tool, first) | {"index": 0}]}, {"tool_calls": [rest]}]
    else:
        deltas += [{"content": first}, {"content": second}]
    choices = [{"index": 0, "delta": each, "finish_reason": None} for each in deltas]
    choices += [{"index": 0, "delta": {}, "finish_reason": "tool_calls" if tool else "stop"}]
    pieces = [_head("chat.completion.chunk") | {"choices": [each]} for each in choices]
    return [*pieces, _head("chat.completion.chunk") | {"choices": [], "usage": USAGE}]


def embed(asked: Any) -> dict[str, Any]:
    """Return a vector for each text."""
    texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    data = [
        {"object": "embedding", "index": index, "embedding": [0.5, 0.25]}
        for index in range(len(texts))
    ]
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    return {"object": "list", "data": data, "model": "served", "usage": usage}


def _call(tool: str, arguments: str) -> dict[str, Any]:
    function = {"name": tool, "arguments": arguments}
    return {"id": f"call-{tool}", "type": "function", "function": function}


def _head(kind: str) -> dict[str, Any]:
    return {"id": "c", "object": kind, "created": 1, "model": "served"}
