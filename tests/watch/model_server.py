"""A server that answers every kind of call, over real HTTP: whole, streamed, or refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
TOKENS = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
ANSWER = '{"city":"Paris"}'
MODEL = "gpt-served"


@dataclass
class ModelServer:
    """Where it listens, what it was asked, and what it does next.

    Attributes
    ----------
    failures
        Statuses for the next requests, in their order.
    gates
        What a stream waits for before its second piece; none for streams that do not wait.
    """

    origin: str
    requests: list[tuple[str, Any]] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    gates: list[threading.Event] = field(default_factory=list)
    cut: bool = False

    @property
    def base_url(self) -> str:
        """What an openai client is given."""
        return f"{self.origin}/v1"


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each reply waits for 40 ms

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            first = "after=" not in self.path
            page = [
                {"id": f"m{n}", "object": "model", "created": 1, "owned_by": "x"} for n in (1, 2)
            ]
            self._send({"object": "list", "data": page if first else [], "has_more": first})

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers.get("content-length") or 0))
            asked: Any = None
            with suppress(ValueError):
                asked = json.loads(data)
            server.requests.append((self.path, asked))
            if server.failures and (status := server.failures.pop(0)) != 200:
                self._send({"error": {"message": f"No: {status}."}}, status=status)
                return
            path = self.path.partition("?")[0]
            streams = isinstance(asked, dict) and asked.get("stream")
            if path.endswith("/audio/speech"):
                self._send_bytes(b"\x00\x01sound", "audio/mpeg")
            elif streams or path.endswith(":streamGenerateContent"):
                self._stream(pieces(path))
            else:
                self._send(whole(path))

        def _send(self, body: Any, *, status: int = 200) -> None:
            self._send_bytes(json.dumps(body).encode(), "application/json", status=status)

        def _send_bytes(self, data: bytes, kind: str, *, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.send_header("x-request-id", "r-1")
            if status in (429, 503):
                self.send_header("retry-after-ms", "1")
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, events: list[str]) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            with suppress(OSError):
                for number, event in enumerate(events):
                    if number == 2 and server.gates:
                        server.gates.pop(0).wait(20)
                    if number == 2 and server.cut:
                        self.close_connection = True
                        self.connection.shutdown(2)
                        return
                    data = event.encode()
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Say nothing of a client that has gone."""

    http = Server(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server = ModelServer(f"http://127.0.0.1:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, daemon=True, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join(5)


def whole(path: str) -> Any:
    """Return the JSON of a whole reply."""
    if path.endswith("/chat/completions"):
        message = {"role": "assistant", "content": ANSWER}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return _completion("chat.completion", choice) | {"usage": USAGE}
    if path.endswith("/completions"):
        choice = {"index": 0, "text": ANSWER, "finish_reason": "stop", "logprobs": None}
        return _completion("text_completion", choice) | {"usage": USAGE}
    if path.endswith("/responses"):
        return response("completed")
    if path.endswith("/embeddings"):
        data = [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}]
        usage = {"prompt_tokens": 7, "total_tokens": 7}
        return {"object": "list", "data": data, "model": MODEL, "usage": usage}
    if "/images/" in path:
        return {"created": 1, "data": [{"b64_json": "AAAA"}]}
    if path.endswith("/moderations"):
        flags = {"flagged": False, "categories": {}, "category_scores": {}}
        return {"id": "m", "model": MODEL, "results": [flags]}
    if "/audio/" in path:
        return {"text": ANSWER}
    if path.endswith("/messages"):
        content = [{"type": "text", "text": ANSWER}]
        usage = {"input_tokens": 7, "output_tokens": 3}
        head = {"id": "a", "type": "message", "role": "assistant", "model": MODEL}
        return head | {"content": content, "stop_reason": "end_turn", "usage": usage}
    if path.endswith(":generateContent"):
        return _candidate(ANSWER, "STOP")
    return {"object": "something"}


def pieces(path: str) -> list[str]:
    """Return the events of a streamed reply: a head, two pieces of text, an end."""
    first, second = ANSWER[:6], ANSWER[6:]
    if path.endswith("/chat/completions"):
        deltas = [{"role": "assistant", "content": ""}, {"content": first}, {"content": second}]
        choices = [{"index": 0, "delta": each, "finish_reason": None} for each in deltas]
        choices += [{"index": 0, "delta": {}, "finish_reason": "stop"}]
        events = [_completion("chat.completion.chunk", each) for each in choices]
        last = {**events[-1], "choices": [], "usage": USAGE}
        return [*map(_event, [*events, last]), "data: [DONE]\n\n"]
    if path.endswith("/completions"):
        texts = [("", None), (first, None), (second, None), ("", "stop")]
        choices = [{"index": 0, "text": t, "finish_reason": f, "logprobs": None} for t, f in texts]
        events = [_completion("text_completion", each) for each in choices]
        return [
            *map(_event, events[:-1]),
            _event(events[-1] | {"usage": USAGE}),
            "data: [DONE]\n\n",
        ]
    if path.endswith("/responses"):
        return _response_events(first, second)
    if path.endswith("/messages"):
        usage = {"input_tokens": 7, "output_tokens": 1}
        texts = [{"type": "text_delta", "text": text} for text in (first, second)]
        deltas = [{"type": "content_block_delta", "index": 0, "delta": each} for each in texts]
        head = {"type": "message_start", "message": {"model": MODEL, "usage": usage}}
        end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
        return [*map(_event, [head, *deltas, end | {"usage": {"output_tokens": 3}}])]
    return [_event(_candidate(first, None)), _event(_candidate(second, "STOP"))]


def response(status: str) -> dict[str, Any]:
    """Return the JSON of the responses API."""
    part = {"type": "output_text", "text": ANSWER, "annotations": []}
    message = {"id": "i", "type": "message", "role": "assistant", "status": "completed"}
    details = {"input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0}}
    details |= {"output_tokens_details": {"reasoning_tokens": 0}}
    about: dict[str, Any] = {"id": "r", "object": "response", "created_at": 1, "model": MODEL}
    about |= {"error": None, "incomplete_details": None, "instructions": None, "metadata": {}}
    about |= {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "top_p": 1}
    about |= {"temperature": 1, "status": status, "usage": TOKENS | details}
    return about | {"output": [message | {"content": [part]}] if status == "completed" else []}


def _response_events(first: str, second: str) -> list[str]:
    started = {"type": "response.created", "response": response("in_progress")}
    item = {"id": "i", "type": "message", "role": "assistant", "status": "in_progress"}
    added = {"type": "response.output_item.added", "item": item | {"content": []}}
    part = {"type": "output_text", "text": "", "annotations": []}
    opened = {
        "type": "response.content_part.added",
        "item_id": "i",
        "content_index": 0,
        "part": part,
    }
    place = {"item_id": "i", "content_index": 0, "logprobs": []}
    texts = [{"type": "response.output_text.delta", **place, "delta": t} for t in (first, second)]
    ended = {"type": "response.completed", "response": response("completed")}
    events = [started, added, opened, *texts, ended]
    return [
        _event(each | {"sequence_number": n, "output_index": 0}) for n, each in enumerate(events)
    ]


def _completion(kind: str, choice: dict[str, Any]) -> dict[str, Any]:
    return {"id": "c", "object": kind, "created": 1, "model": MODEL, "choices": [choice]}


def _candidate(text: str, reason: str | None) -> dict[str, Any]:
    content = {"role": "model", "parts": [{"text": text}]}
    counts = {"promptTokenCount": 7, "candidatesTokenCount": 3}
    candidate = {"content": content, "finishReason": reason}
    return {"candidates": [candidate], "usageMetadata": counts, "modelVersion": MODEL}


def _event(data: dict[str, Any]) -> str:
    name = f"event: {data['type']}\n" if "type" in data else ""
    return f"{name}data: {json.dumps(data)}\n\n"
