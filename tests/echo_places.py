"""`echo_places`: a server that echoes the API key in one place of a reply, valid or not.

``{root}/{place}/v1`` answers calls with `PLACES[place]`, and the list of models with a 404;
``{root}/{place}/all/v1`` answers the list in the same way as calls.
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .raw_server import read_request

JOINERS = {
    "zero-width": "\u200b",
    "soft hyphen": "\u00ad",
    "override": "\u202e",
    "accent": "\u0301",
    "selector": "\ufe0f",
    "tag": "\U000e0061",
    "NUL": "\0",
}
CHUNKED = "transfer-encoding: chunked"
Reply = Callable[[str, bool], bytes]


def head(*lines: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    every = [f"HTTP/1.1 {status}", f"content-type: {kind}", "connection: close", *lines, "", ""]
    return "\r\n".join(every).encode("utf-8", "surrogateescape")


def answer(stream: bool, content: str = "Yes.", **more: Any) -> bytes:
    """Return the body of an answer, whole or as a stream with one letter per chunk."""
    about = {"id": "1", "model": "m", **more.pop("about", {})}
    end = {"index": 0, "finish_reason": more.pop("finish_reason", "stop")}
    if not stream:
        message = {"role": "assistant", "content": content, **more}
        return json.dumps({**about, "choices": [{**end, "message": message}]}).encode()
    deltas = [{"content": letter} for letter in content] + ([more] if more else [])
    pieces = [{**about, "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    pieces.append({**about, "choices": [{**end, "delta": {}}]})
    lines = [f"data: {json.dumps(piece)}\n\n" for piece in pieces]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


def refusal(words: str) -> str:
    return json.dumps({"error": {"message": f"Bad key {words}.", "code": words}})


def failing(encoding: str) -> Reply:
    """Return a reply that is an error in the given encoding, and says so."""
    kind = f"application/json; charset={encoding}"
    return lambda key, _: head(status="400 No", kind=kind) + refusal(key).encode(encoding)


def chunks(*parts: str, extension: str = "", trailer: str = "") -> bytes:
    sized = [f"{len(part):x}{extension}\r\n{part}\r\n" for part in parts]
    return "".join([*sized, f"0\r\n{trailer}\r\n"]).encode()


def with_line(line: str) -> Reply:
    return lambda key, stream: head(line.format(key)) + answer(stream)


def tool(name: str) -> list[dict[str, Any]]:
    return [{"index": 0, "id": name, "function": {"name": name, "arguments": f'{{"{name}":1}}'}}]


PLACES: dict[str, Reply] = {
    # What is not HTTP.
    "no-status-line": lambda key, _: f"Error: bad key {key}\r\n\r\n".encode(),
    "version": lambda key, _: f"HTTP/{key} 200 OK\r\n\r\n".encode(),
    "status": lambda key, _: f"HTTP/1.1 {key} OK\r\n\r\n".encode(),
    "header-line": lambda key, _: f"HTTP/1.1 200 OK\r\n{key}\r\n\r\n".encode(),
    "header-name-with-space": with_line("x {0}: 1"),
    "length": with_line("content-length: {0}"),
    "coding": with_line("transfer-encoding: {0}"),
    "chunk-size": lambda key, _: head(CHUNKED) + f"{key}\r\n{key}".encode(),
    "later-chunk-size": lambda key, _: head(CHUNKED) + f"2\r\n{{ \r\n{key}\r\n{key}".encode(),
    "no-more": lambda key, _: f"HTTP/1.1 200 OK\r\nx-{key}: {key}".encode(),
    # Its head.
    "reason": lambda key, stream: head(status=f"200 {key}") + answer(stream),
    "reason-of-401": lambda key, _: head(status=f"401 {key}"),
    "header-name": with_line("x-{0}: 1"),
    "header-value": with_line("x-said: {0}"),
    "cookie": with_line("set-cookie: {0}={0}; path={0}"),
    "request-id": with_line("x-request-id: {0}"),
    "retry-after": lambda key, _: head(f"retry-after: {key}", status="503 No"),
    "content-type": lambda key, stream: head(kind=f"{key}; charset={key}") + answer(stream),
    "charset-of-400": lambda key, _: head(status="400 No", kind=f"a/b; charset={key}") + b"{}",
    "content-encoding": with_line("content-encoding: {0}"),
    "location": lambda key, _: head(f"location: https://{key}.test/{key}", status="302 No"),
    # Chunks.
    "chunk-extension": lambda key, _: (
        head(CHUNKED) + chunks(answer(False).decode(), extension=f";{key}={key}")
    ),
    "trailer": lambda key, _: (
        head(CHUNKED) + chunks(answer(False).decode(), trailer=f"x-{key}: {key}\r\n")
    ),
    "two-chunks": lambda key, _: (
        head(CHUNKED, status="400 No") + chunks(*re.findall("(?s)(.*?-0123)(.*)", refusal(key))[0])
    ),
    # Bodies of errors.
    **{f"400-{code}": failing(code) for code in ("utf-8", "utf-16", "utf-32", "latin-1", "utf-7")},
    "400-mislabelled": lambda key, _: head(status="400 No") + refusal(key).encode("utf-16"),
    "400-gzip": lambda key, _: (
        head("content-encoding: gzip", status="400 No") + gzip.compress(refusal(key).encode())
    ),
    "400-escaped": lambda key, _: (
        head(status="400 No")
        + refusal("%s").replace("%s", "".join(f"\\u{ord(c):04x}" for c in key)).encode()
    ),
    "400-page": lambda key, _: (
        head(status="400 No", kind="text/html")
        + "<p>{}</p>".format("".join(f"&#{ord(letter)};" for letter in key)).encode()
    ),
    "400-list": lambda key, _: (
        head(status="422 No")
        + json.dumps({"detail": [{"loc": [key, key], "msg": key, "type": key}]}).encode()
    ),
    "200-error": lambda key, _: head() + refusal(key).encode(),
    "200-page": lambda key, _: head(kind="text/html") + f"<h1>{key}</h1>".encode(),
    # Answers.
    "id": lambda key, stream: head() + answer(stream, about={"id": key}),
    "model": lambda key, stream: head() + answer(stream, about={"model": key}),
    "unknown-name": lambda key, stream: head() + answer(stream, about={key: key}),
    "content": lambda key, stream: head() + answer(stream, key),
    "finish-reason": lambda key, stream: head() + answer(stream, finish_reason=key),
    "tool": lambda key, stream: head() + answer(stream, tool_calls=tool(key)),
    "refused": lambda key, stream: head() + answer(stream, "", refusal=key),
    "no-choices": lambda key, _: head() + json.dumps({"choices": key * 20}).encode(),
    # Streams.
    "event-name": lambda key, _: head() + f"event: {key}\n".encode() + answer(True),
    "event-id": lambda key, _: head() + f"id: {key}\n".encode() + answer(True),
    "comment": lambda key, _: head() + f": {key}\n\n".encode() + answer(True),
    "field-name": lambda key, _: head() + f"{key}: 1\n\n".encode() + answer(True),
    "later-field-name": lambda key, _: head() + f"data: {{}}\n{key}: 1\n\n".encode() + answer(True),
    "bad-event": lambda key, _: head() + f"data: {key}\n\n".encode(),
    "error-event": lambda key, _: head() + f"data: {refusal(key)}\n\n".encode(),
}


def spelled_with(joiner: str, place: str) -> Reply:
    """Return the reply with an invisible character between the letters of the key."""
    return lambda key, stream: PLACES[place](joiner.join(key), stream)


PLACES |= {
    f"{place}-with-{name.replace(' ', '-')}": spelled_with(joiner, place)
    for name, joiner in JOINERS.items()
    for place in ("400-utf-8", "content", "model", "finish-reason", "tool", "request-id")
}


@contextmanager
def echo_places() -> Iterator[str]:
    """Serve on a local port, and yield the root of its addresses."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            request = read_request(connection)
            place = request.split(b" ")[1].split(b"/")[1].decode()
            key = re.search(rb"(?i)authorization: bearer (\S+)", request)
            stream = b'"stream":true' in request.replace(b" ", b"")
            if key and (b"/chat/completions" in request or b"/all/v1/" in request):
                connection.sendall(PLACES[place](key[1].decode(), stream))
            else:
                connection.sendall(head("content-length: 0", status="404 No"))
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
