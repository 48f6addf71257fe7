"""A server that says back every header and parameter it was sent, wherever a reply can say one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PLACES = ("text", "model", "finish", "name", "request-id", "stream", "401", "400", "500", "page")


@contextmanager
def key_server(canary: str) -> Iterator[str]:
    """Serve until the block ends, and yield the address before the place."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each reply waits for 40 ms

        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            place = self.path.split("/")[1]
            if place == "stream":
                events = [{"choices": [{"index": 0, "delta": {"content": c}}]} for c in canary]
                events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
                self._send("".join(f"data: {json.dumps(each)}\n\n" for each in events), kind=EVENTS)
            elif place.isdigit():
                error = {"message": f"Bad key {canary}.", "code": canary, "type": canary}
                self._send(json.dumps({"error": error}), status=int(place))
            elif place == "page":
                self._send(f"<p>{canary}</p>", kind="text/html")
            else:
                self._send(json.dumps(answer(self.path, place)))

        def _send(self, text: str, *, kind: str = "application/json", status: int = 200) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text)))
            self.send_header("x-request-id", canary)
            self.end_headers()
            self.wfile.write(text.encode())

    def answer(path: str, place: str) -> dict[str, Any]:
        text = canary if place == "text" else "Yes."
        model = canary if place == "model" else "m"
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        if place == "finish":
            choice["finish_reason"] = canary
        if "generateContent" in path:
            content = {"parts": [{"text": text}]}
            return {"candidates": [{"content": content}], "modelVersion": model, canary: canary}
        if path.partition("?")[0].endswith("/messages"):
            return {"content": [{"type": "text", "text": text}], "model": model, canary: canary}
        extra = {canary: canary} if place == "name" else {}
        return {"id": canary, "model": model, "choices": [choice], **extra}

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, daemon=True, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}"
    finally:
        http.shutdown()
        http.server_close()
        thread.join(5)


EVENTS = "text/event-stream"
