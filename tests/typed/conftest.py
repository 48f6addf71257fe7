"""A server that answers as its prompts say: each is the list of the answers to it, in turn."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb import Endpoint

USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


@dataclass
class Answering:
    """The server's address, the bodies it has received, and how often each prompt was asked."""

    base_url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)

    def connect(self, **options: Any) -> Endpoint:
        """Connect to it, as no one has asked it anything."""
        self.bodies.clear()
        self.asked.clear()
        return nb.connect(base_url=self.base_url, model="m", verbose=False, **options)


def prompt(*answers: Any) -> str:
    """Return a prompt that is answered so, the last answer again and again.

    An answer is a text, or the choice of a completion; a number is a status.
    """
    return json.dumps(answers)


@pytest.fixture(scope="module")
def server() -> Iterator[Answering]:
    """Serve until the tests of the module are over."""
    known: list[Answering] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

        def do_GET(self) -> None:
            self._send(404, b"{}")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            text = body["messages"][-1]["content"]
            known[0].bodies.append(body)
            answers = json.loads(text)
            answer = answers[min(known[0].asked[text], len(answers) - 1)]
            known[0].asked[text] += 1
            if isinstance(answer, int):
                self._send(answer, b'{"error": {"message": "no"}}')
                return
            if not isinstance(answer, dict):
                answer = {"message": {"content": answer}}
            choice = {"index": 0, "finish_reason": "stop", **answer}
            if body.get("stream"):
                self._send(200, _stream(choice), "text/event-stream")
                return
            reply = {"id": "1", "model": "m", "choices": [choice], "usage": USAGE}
            self._send(200, json.dumps(reply).encode())

        def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        listener.daemon_threads = True
        known.append(Answering(f"http://127.0.0.1:{listener.server_port}/v1"))
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield known[0]
        listener.shutdown()
        thread.join()


def _stream(choice: dict[str, Any]) -> bytes:
    message, head = choice["message"], {"id": "1", "model": "m"}
    content = message.get("content") or ""
    half = len(content) // 2
    deltas = [{**message, "content": content[:half]}, {"content": content[half:]}]
    events = [{**head, "choices": [{"index": 0, "delta": each}]} for each in deltas]
    end = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    events += [{**head, "choices": [end]}, {**head, "choices": [], "usage": USAGE}]
    return b"".join(f"data: {json.dumps(each)}\n\n".encode() for each in events) + (
        b"data: [DONE]\n\n"
    )
