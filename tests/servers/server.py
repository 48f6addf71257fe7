"""llama.cpp's server as a child process: started, asked how it fares, killed, started again."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ..waiting import wait_until
from .vocabulary import CONTEXT

PROGRAM = Path(__file__).with_name("llama.py")
MODEL = "tiny"
SLOTS = 4
PATIENCE = 60.0  # seconds; it needs 0.2
MISSING = "llama.cpp's server is not installed: pip install -e '.[servers]'"


def is_installed() -> bool:
    return all(importlib.util.find_spec(name) for name in ("gguf", "xllamacpp"))


@dataclass
class LlamaServer:
    """One model, served at one port by as many processes as it takes.

    Parameters
    ----------
    folder
        Where the model is written, and what the server says.
    key
        What it asks its callers for; nothing asks for none.
    thinks
        Whether the model begins each answer with a thought.
    """

    folder: Path
    key: str = ""
    thinks: bool = False
    port: int = field(default_factory=lambda: find_free_port())
    model = MODEL
    _process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        from .model import write_model

        write_model(self.folder / "model.gguf", thinks=self.thinks)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.address}/v1"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def start(self) -> None:
        """Start a process and wait until it has read its model."""
        settings = {
            "model": str(self.folder / "model.gguf"),
            "port": self.port,
            "alias": MODEL,
            "slots": SLOTS,
            "context": CONTEXT,
            "key": self.key,
            "thinks": self.thinks,
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, PROGRAM, json.dumps(settings)],
                stdin=subprocess.PIPE,  # it ends when this process does
                stdout=log,
                stderr=log,
            )
        self.wait_until(self._is_healthy, "it is ready")

    def kill(self) -> None:
        """End the process as ``kill -9`` does, in the middle of whatever it answers."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def metrics(self) -> dict[str, float]:
        """Return its own counters: ``tokens_predicted_total``, ``requests_processing``, …."""
        lines = self._get("/metrics").decode().splitlines()
        pairs = [line.split() for line in lines if not line.startswith("#")]
        return {name.removeprefix("llamacpp:"): float(value) for name, value in pairs}

    def count_busy(self) -> int:
        """Return how many of its slots are at work."""
        return sum(slot["is_processing"] for slot in json.loads(self._get("/slots")))

    def wait_until(
        self, is_so: Callable[[], bool], what: str, *, patience: float = PATIENCE
    ) -> None:
        """Wait for an event at the server."""
        try:
            wait_until(is_so, patience=patience, every=0.02)
        except AssertionError as error:
            raise TimeoutError(f"{what}: {error}; the server's log: {self.log}") from None

    def read_log(self, characters: int = 4000) -> str:
        """Return the end of what it said."""
        return self.log.read_text(errors="replace")[-characters:]

    def _is_healthy(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"llama.cpp's server did not start:\n{self.read_log()}")
        try:
            return bool(self._get("/health"))
        except (HTTPError, URLError, OSError):  # 503 while it reads the model
            return False

    def _get(self, path: str) -> bytes:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        with urlopen(Request(self.address + path, headers=headers), timeout=PATIENCE) as reply:
            return bytes(reply.read())


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
