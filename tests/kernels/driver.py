"""Drive a real kernel as a notebook does: several cells queued at once, and the stop button."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from types import TracebackType
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from .environments import REPOSITORY, Environment, python_of

LAUNCH = ["-m", "ipykernel_launcher"]
LAUNCH_UVLOOP = [
    "-W",
    "ignore::DeprecationWarning",
    "-c",
    "import uvloop; uvloop.install(); from ipykernel import kernelapp; "
    "kernelapp.launch_new_instance()",
]


@dataclass
class Answer:
    """What one cell gave; `status` is "lost" if it never replied."""

    status: str = "lost"
    stdout: str = ""
    stderr: str = ""
    result: str = ""
    error: str = ""
    replied: float = 0.0
    shown: list[dict[str, Any]] = field(default_factory=list)
    traceback: str = ""


class Kernel:
    """A kernel in an environment of its own."""

    def __init__(self, environment: Environment, *, launch: list[str] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        self._file, _ = write_connection_file(str(folder / "kernel.json"))
        self._log = (folder / "log").open("w+")
        self.variables = kernel_variables(folder)
        program = [str(python_of(environment)), *(launch or LAUNCH), "-f", self._file]
        self.process = subprocess.Popen(
            program,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
            cwd=folder,
        )
        self.client = BlockingKernelClient(connection_file=self._file)
        self.client.load_connection_file()
        self.client.start_channels()
        try:
            self._wait_for_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self._answers: dict[str, Answer] = {}
        self.other_replies: list[dict[str, Any]] = []

    def __enter__(self) -> Kernel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.client.stop_channels()
        self.process.kill()
        self.process.wait()
        self._log.close()
        self._folder.cleanup()

    def queue(self, *cells: str) -> list[str]:
        """Send cells without waiting for any, as "Run All" does."""
        sent = [self.client.execute(cell, stop_on_error=False) for cell in cells]
        self._answers.update({name: Answer() for name in sent})
        return sent

    def queue_in_subshell(self, *cells: str) -> list[str]:
        """Send cells to a second thread of the kernel, where widgets' callbacks may run."""
        session, control = self.client.session, self.client.control_channel
        control.send(session.msg("create_subshell_request", {}))
        subshell = self.client.get_control_msg(timeout=10)["content"]["subshell_id"]
        sent = []
        for cell in cells:
            message = session.msg("execute_request", {"code": cell, "silent": False})
            message["header"]["subshell_id"] = subshell
            self.client.shell_channel.send(message)
            sent.append(message["header"]["msg_id"])
        self._answers.update({name: Answer() for name in sent})
        return sent

    def run(self, *cells: str, timeout: float = 20) -> list[Answer]:
        """Queue cells and wait for all of them."""
        return self.wait(self.queue(*cells), timeout=timeout)

    def wait(self, sent: list[str], *, timeout: float = 20) -> list[Answer]:
        """Wait until these cells have replied and their output has come, or the time is over."""
        idle: set[str] = set()
        self._receive(
            lambda: all(self._answers[name].replied and name in idle for name in sent),
            idle,
            timeout,
        )
        return [self._answers[name] for name in sent]

    def wait_for_output(self, sent: str, *, timeout: float = 20) -> None:
        """Wait until this cell has printed something."""
        self._receive(lambda: bool(self._answers[sent].stdout), set(), timeout)

    def wait_for_reply(self, kind: str, *, timeout: float = 20) -> bool:
        """Wait for a reply of another kind than a cell's; tell whether it came."""
        self._receive(lambda: self._has_reply(kind), set(), timeout)
        return self._has_reply(kind)

    def interrupt(self) -> float:
        """Press the stop button: what a Jupyter server does; return the time of it."""
        pressed = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        return pressed

    def send(self, kind: str, content: dict[str, Any]) -> None:
        """Send a message of any kind on the shell channel."""
        self.client.shell_channel.send(self.client.session.msg(kind, content))

    def log(self) -> str:
        """Return what the kernel's process itself has printed."""
        self._log.flush()
        return Path(self._log.name).read_text()

    def _wait_for_ready(self) -> None:
        end = time.monotonic() + 60
        while True:
            try:
                return self.client.wait_for_ready(timeout=60)
            except RuntimeError:
                # On a busy machine a late heartbeat is taken for a death: the process knows better.
                if self.process.poll() is not None or time.monotonic() > end:
                    raise

    def _has_reply(self, kind: str) -> bool:
        return any(message["msg_type"] == kind for message in self.other_replies)

    def _receive(self, done: Callable[[], bool], idle: set[str], timeout: float) -> None:
        end = time.monotonic() + timeout
        while not done() and time.monotonic() < end and self.process.poll() is None:
            for message in _messages(self.client.get_shell_msg):
                self._take_reply(message)
            for message in _messages(self.client.get_iopub_msg):
                self._take_output(message, idle)

    def _take_reply(self, message: dict[str, Any]) -> None:
        name = message["parent_header"].get("msg_id")
        if message["msg_type"] != "execute_reply" or name not in self._answers:
            self.other_replies.append(message)
            return
        answer = self._answers[name]
        answer.status = message["content"]["status"]
        answer.replied = time.monotonic()
        if answer.status == "error":
            answer.error = _error(message["content"])
            answer.traceback = "\n".join(message["content"]["traceback"])

    def _take_output(self, message: dict[str, Any], idle: set[str]) -> None:
        name = message["parent_header"].get("msg_id", "")
        content = message["content"]
        if content.get("execution_state") == "idle":
            idle.add(name)
        answer = self._answers.get(name)
        if answer is None:
            return
        if message["msg_type"] == "stream":
            stream = content["name"]
            setattr(answer, stream, getattr(answer, stream) + content["text"])
        elif message["msg_type"] in {"execute_result", "display_data"}:
            answer.shown.append(content["data"])
            if message["msg_type"] == "execute_result":
                answer.result = content["data"]["text/plain"]
        elif message["msg_type"] == "error":
            answer.error = _error(content)


def _error(content: dict[str, Any]) -> str:
    return f"{content['ename']}: {content['evalue']}"


def _messages(get: Callable[..., dict[str, Any]]) -> Iterator[dict[str, Any]]:
    try:
        yield get(timeout=0.02)
        while True:
            yield get(timeout=0)
    except Empty:
        return


def kernel_variables(folder: Path) -> dict[str, str]:
    """Give the environment variables of a kernel: our package on the path, nothing remembered."""
    return {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def patched(environment: Environment, *, first: str = "") -> Kernel:
    """Start a kernel in which `first` was run, and then our patch."""
    kernel = Kernel(environment)
    try:
        cell = f"{first}\nfrom aiml_nb.loop import *\nreport = patch_loop()"
        (answer,) = kernel.run(cell, timeout=30)
        assert (answer.status, answer.stderr) == ("ok", ""), (answer, kernel.log())
    except BaseException:
        kernel.__exit__(None, None, None)
        raise
    return kernel
