"""`foreground`: ``aiml-nb simulate`` as a process, which outlives the programs it serves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen

from .waiting import wait_until


@dataclass(frozen=True)
class Foreground:
    """The address of the server, and its log after the first calls, which others have made."""

    base_url: str
    before: int = 0

    def from_now(self) -> Foreground:
        """Return the same server, whose calls so far are not listed."""
        return Foreground(self.base_url, self.before + len(self.calls()))

    def read_log(self) -> dict[str, Any]:
        """Return the server's own log."""
        with urlopen(f"{self.base_url.removesuffix('/v1')}/_simulator/log", timeout=10) as reply:
            return json.load(reply)  # type: ignore[no-any-return]

    def calls(self) -> list[dict[str, Any]]:
        """Return the log records of the chat completions."""
        requests = self.read_log()["requests"]
        return [each for each in requests if "chat" in each["path"]][self.before :]

    def sent(self) -> list[str]:
        """Return the client request id of each of them: run, call and attempt."""
        return [call["client_request_id"] for call in self.calls()]

    def wait_for(self, count: int, *, patience: float = 30) -> None:
        """Wait until `count` calls have been answered."""
        wait_until(
            lambda: sum(c["finished"] is not None for c in self.calls()) >= count,
            patience=patience,
            every=0.02,
        )

    def count_after(self, moment: float) -> int:
        """Return how many requests arrived after `moment`, a ``time.monotonic()``."""
        log = self.read_log()
        return sum(log["began"] + each["received"] > moment for each in log["requests"])


@contextmanager
def foreground(*options: object) -> Iterator[Foreground]:
    """Start a simulator with these options of ``aiml-nb simulate``."""
    with subprocess.Popen(
        [sys.executable, "-m", "aiml_nb", "simulate", "--port", "0", *map(str, options)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield Foreground(process.stdout.readline().strip())
        finally:
            process.terminate()
