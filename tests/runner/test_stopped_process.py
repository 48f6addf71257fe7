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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import NamedTuple

import pytest

from ..raw_server import read_request
from ..rows import exhaustive, slow
from ..waiting import block
from .scripted import COMPLETION

TIMEOUT = 2.0
TEXTS = {False: "An answer. " * 20_000, True: "An answer. " * 2_000}
CHILD = """
import json, sys, threading
import openai.resources.chat.completions  # the client fetches it when it is first used
import aiml_nb as nb

def make_run(number, base_url, n, options):
    endpoint = nb.connect(base_url=base_url, model="m", verbose=False)
    prompts = [f"Question {i}?" for i in range(n)]
    run = nb.run(prompts, endpoint, progress=False, journal=False, max_attempts=1, **options)
    took = max(call.duration or 0.0 for call in run.calls)
    ended[number] = took, [[call.outcome, call.text] for call in run.calls]

ended = {}
cases = json.loads(sys.argv[1])
runs = [threading.Thread(target=make_run, args=(n, *case)) for n, case in enumerate(cases)]
for run in runs: run.start()
for run in runs: run.join()
print(json.dumps([ended[n] for n in range(len(cases))]))
"""


class Case(NamedTuple):
    """A run in a process that is stopped; without a framing nothing comes."""

    strategy: str
    stream: bool
    framing: str
    limit: str

    @property
    def n(self) -> int:
        return 1 if self.strategy == "sequential" else 4

    @property
    def reply(self) -> bytes:
        text = TEXTS[self.stream]
        return (_streamed if self.stream else _whole)(text, self.framing) if self.framing else b""


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


@cache
def run_stopped(cases: tuple[Case, ...]) -> dict[Case, tuple[float, list[list[str]]]]:
    """Stop a process when the requests of its runs are there, and let it go on after their time.

    Returns
    -------
    dict
        Of each run the seconds of its longest call, and of each call its outcome and its text.
    """
    with ExitStack() as stack:
        servers = [stack.enter_context(holding_server(case.reply)) for case in cases]
        jobs = [
            (server.base_url, case.n, options(case))
            for server, case in zip(servers, cases, strict=True)
        ]
        command = [sys.executable, "-c", CHILD, json.dumps(jobs)]
        child = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        stack.callback(child.kill)
        for server, case in zip(servers, cases, strict=True):
            for _ in range(case.n):
                assert server.asked.acquire(timeout=60)
        asked = time.monotonic()
        os.kill(child.pid, signal.SIGSTOP)
        for server, case in zip(servers, cases, strict=True):
            if case.framing:
                server.answers.set()
                for _ in range(case.n):
                    assert server.answered.acquire(timeout=60)
        block(max(0.0, asked + 1.5 * TIMEOUT - time.monotonic()))  # their time goes by
        os.kill(child.pid, signal.SIGCONT)
        output, _ = child.communicate(timeout=60)
    return {
        case: (took, calls) for case, (took, calls) in zip(cases, json.loads(output), strict=True)
    }


def options(case: Case) -> dict[str, object]:
    return {"strategy": case.strategy, "stream": case.stream, case.limit: TIMEOUT}


SILENT = (Case("threads", False, "", "timeout"), Case("gather", False, "", "timeout"))
CASES = (
    Case("sequential", False, "length", "timeout"),
    Case("threads", True, "chunked", "timeout"),
    Case("gather", True, "chunked", "timeout"),
    Case("workers", False, "length", "run_timeout"),
    *SILENT,
)
MORE = (
    Case("sequential", True, "close", "run_timeout"),
    Case("threads", False, "length", "run_timeout"),
    Case("gather", False, "close", "run_timeout"),
    Case("workers", True, "chunked", "timeout"),
)
OTHERS = [
    Case(*each)
    for each in product(
        ("sequential", "threads", "gather", "workers"),
        (False, True),
        ("length", "chunked", "close"),
        ("timeout", "run_timeout"),
    )
    if Case(*each) not in CASES + MORE
]


@pytest.mark.skipif(sys.platform == "win32", reason="no process can be stopped there")
@pytest.mark.parametrize(
    "cases", [CASES, slow(MORE), *(exhaustive(tuple(OTHERS[n::8])) for n in range(8))]
)
def test_what_came_while_it_was_stopped_is_no_timeout(cases: tuple[Case, ...]) -> None:
    ended = run_stopped(cases)

    for case in cases:
        if case.framing:
            assert ended[case][1] == [["ok", TEXTS[case.stream]]] * case.n, case


@pytest.mark.skipif(sys.platform == "win32", reason="no process can be stopped there")
def test_what_has_not_come_is_a_timeout_soon_after() -> None:
    ended = run_stopped(CASES)

    for case in SILENT:
        took, calls = ended[case]
        assert calls == [["timeout", ""]] * case.n
        assert took < 2 * TIMEOUT + 3
