"""A process that was stopped, as by a closed laptop, first reads what has come meanwhile."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product, starmap

import pytest

from ..raw_server import read_request
from ..rows import exhaustive, slow
from ..waiting import block
from .scripted import COMPLETION

TIMEOUT = 1.5
CHILD = """
import json, sys
import aiml_nb as nb

base_url, strategy, n, stream, limits = sys.argv[1:]
endpoint = nb.connect(base_url=base_url, model="m", verbose=False)
run = nb.run(
    [f"Question {i}?" for i in range(int(n))], endpoint, strategy=strategy, progress=False,
    journal=False, stream=stream == "True", max_attempts=1, **json.loads(limits),
)
took = max(call.duration or 0.0 for call in run.calls)
print(json.dumps([took, [[call.outcome, call.text] for call in run.calls]]))
"""


def _whole(text: str, framing: str) -> bytes:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = json.dumps(COMPLETION | {"choices": [choice]}).encode()
    return _framed(body, framing, "application/json")


def _streamed(text: str, framing: str) -> bytes:
    chunks = [
        {"index": 0, "delta": {"content": piece}, "finish_reason": None}
        for piece in (text[: len(text) // 2], text[len(text) // 2 :])
    ]
    chunks.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    events = [f"data: {json.dumps(head | {'choices': [each]})}\n\n" for each in chunks]
    return _framed("".join([*events, "data: [DONE]\n\n"]).encode(), framing, "text/event-stream")


def _framed(body: bytes, framing: str, kind: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n"
    if framing == "chunked":
        head += "transfer-encoding: chunked\r\n\r\n"
        return head.encode() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    if framing == "length":
        return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
    return f"{head}connection: close\r\n\r\n".encode() + body


MODELS = _framed(b'{"object": "list", "data": [{"id": "m"}]}', "close", "application/json")


@dataclass
class HoldingServer:
    """Answers nothing until it is told to."""

    base_url: str
    reply: bytes
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    answers: threading.Event = field(default_factory=threading.Event)
    answered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


@contextmanager
def holding_server(reply: bytes) -> Iterator[HoldingServer]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = HoldingServer(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", reply)

    def answer(connection: socket.socket) -> None:
        with connection:
            if b"/chat/completions" not in read_request(connection):
                connection.sendall(MODELS)  # else the first call would go alone
                return
            server.asked.release()
            server.answers.wait(60)
            connection.sendall(server.reply)
            server.answered.release()
            if b"connection: close" not in server.reply:
                connection.settimeout(60)
                connection.recv(1)  # until the other side closes it

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server
    finally:
        server.answers.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def run_stopped(
    reply: bytes, strategy: str, *, stream: bool, n: int = 4, answers: bool = True, limit: str
) -> tuple[float, list[list[str]]]:
    """Stop a run when its requests are there, answer, and let it go on after its time.

    Returns
    -------
    tuple
        The seconds of the longest call, and of each its outcome and its text.
    """
    limits = json.dumps({limit: TIMEOUT})
    with holding_server(reply) as server:
        command = [sys.executable, "-c", CHILD, server.base_url, strategy, str(n), str(stream)]
        with subprocess.Popen([*command, limits], stdout=subprocess.PIPE, text=True) as child:
            try:
                for _ in range(n):
                    assert server.asked.acquire(timeout=60)
                asked = time.monotonic()
                os.kill(child.pid, signal.SIGSTOP)
                if answers:
                    server.answers.set()
                    for _ in range(n):
                        assert server.answered.acquire(timeout=60)
                block(max(0.0, asked + 2 * TIMEOUT - time.monotonic()))  # its time goes by
                os.kill(child.pid, signal.SIGCONT)
                output, _ = child.communicate(timeout=60)
            finally:
                child.kill()
    took, calls = json.loads(output)
    return took, calls


CASES = [
    ("sequential", False, "length", "timeout"),
    ("threads", True, "chunked", "timeout"),
    ("gather", True, "chunked", "timeout"),
    ("workers", False, "length", "run_timeout"),
]
MORE = [
    ("sequential", True, "close", "run_timeout"),
    ("threads", False, "length", "run_timeout"),
    ("gather", False, "close", "run_timeout"),
    ("workers", True, "chunked", "timeout"),
]
OTHERS = [
    each
    for each in product(
        ("sequential", "threads", "gather", "workers"),
        (False, True),
        ("length", "chunked", "close"),
        ("timeout", "run_timeout"),
    )
    if each not in CASES + MORE
]


@pytest.mark.skipif(sys.platform == "win32", reason="no process can be stopped there")
@pytest.mark.parametrize(
    ("strategy", "stream", "framing", "limit"),
    [*CASES, *starmap(slow, MORE), *starmap(exhaustive, OTHERS)],
)
def test_what_came_while_it_was_stopped_is_no_timeout(
    strategy: str, stream: bool, framing: str, limit: str
) -> None:
    text = "An answer. " * 20_000 if not stream else "An answer. " * 2_000
    reply = (_streamed if stream else _whole)(text, framing)
    n = 1 if strategy == "sequential" else 4

    _, calls = run_stopped(reply, strategy, stream=stream, n=n, limit=limit)

    assert calls == [["ok", text]] * n


@pytest.mark.parametrize("strategy", ["threads", "gather"])
def test_what_has_not_come_is_a_timeout_soon_after(strategy: str) -> None:
    took, calls = run_stopped(b"", strategy, stream=False, answers=False, limit="timeout")

    assert calls == [["timeout", ""]] * 4
    assert took < 2 * TIMEOUT + 3
