"""Kill -9 of workers, schedulers and starters: nothing acknowledged is lost, or asked for again."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb

from ..foreground import Foreground, foreground
from ..rows import exhaustive, slow
from ..waiting import wait_until
from .dask import DaskProcesses, dask_processes

N_CALLS = 2000
KINDS = ("worker", "scheduler", "starter")


@dataclass
class Tally:
    """What the kills of a run did.

    Attributes
    ----------
    acknowledged
        The calls that the journal had as finished at a kill, and how many requests of each the
        server had seen by then.
    """

    kills: Counter[str] = field(default_factory=Counter)
    acknowledged: dict[str, int] = field(default_factory=dict)
    perhaps_billed: int = 0


class Killed:
    """A run of `aiml-nb run` on a cluster, which is killed and goes on until it is done."""

    def __init__(self, folder: Path, server: Foreground, seed: int) -> None:
        self.folder, self.server, self.random = folder, server, random.Random(seed)  # noqa: S311
        self.journal, self.tally = folder / "run.jsonl", Tally()
        (folder / "prompts.txt").write_text("".join(f"Question {n}?\n" for n in range(N_CALLS)))

    def make(self, kinds: list[str]) -> None:
        """Make the run, and kill one of its processes after another."""
        left = [*kinds]
        for number in range(20):
            folder = self.folder / str(number)
            folder.mkdir()
            with dask_processes(folder, "east", "west") as dask:
                if self._go_on(dask, left) == 0:
                    return
        pytest.fail("it was not done after 20 starts")

    def _go_on(self, dask: DaskProcesses, left: list[str]) -> int:
        command = [sys.executable, "-m", "aiml_nb", "run", "--prompts", "prompts.txt"]
        command += ["--base-url", self.server.base_url, "--model", "gpt-4o", "--journal"]
        command += [str(self.journal), "--cluster", dask.address, "--max-concurrency", "50"]
        command += ["--output", "results.jsonl", "--overwrite"]
        command += ["--resume"] if self.journal.exists() else []
        with (
            (self.folder / "said.log").open("a") as said,
            subprocess.Popen(command, cwd=self.folder, stdout=said, stderr=said) as starter,
        ):
            while left:
                after = self._count() + self.random.randrange(100, 500)
                self._wait_for(after, starter)
                if starter.poll() is not None:
                    break
                kind = left.pop(0)
                self._kill(kind, starter, dask)
                if kind == "worker":
                    dask.add_worker(f"late{len(left)}")
                else:
                    break
            return starter.wait(timeout=180)

    def _wait_for(self, count: int, starter: subprocess.Popen[bytes]) -> None:
        """Wait until the journal has so many finished calls, or the run is over."""
        wait_until(lambda: self._count() >= count or starter.poll() is not None, patience=120)

    def _count(self) -> int:
        return self.journal.read_bytes().count(b'"outcome"') if self.journal.exists() else 0

    def _kill(self, kind: str, starter: subprocess.Popen[bytes], dask: DaskProcesses) -> None:
        if kind == "worker":
            dask.kill(self.random.choice([*dask.workers]))
        elif kind == "scheduler":
            dask.scheduler.kill()
        else:
            starter.kill()
        self.tally.kills[kind] += 1
        new = self._finished() - self.tally.acknowledged.keys()
        sent = Counter(self._sent())
        self.tally.acknowledged.update({name: sent[name] for name in new})

    def _sent(self) -> list[str]:
        """Return the name of the call of each request that the server has seen."""
        found = (each.split(".") for each in self.server.sent())
        return [f"call-{int(index) + 1:06d}" for _, index, _ in found]

    def _finished(self) -> set[str]:
        if not self.journal.exists():
            return set()
        return {
            str(each["custom_id"])
            for each in map(_parse, self.journal.read_bytes().splitlines())
            if each.get("timing", {}).get("outcome") == "ok"
        }

    def check(self) -> Tally:
        """See that nothing is lost and nothing acknowledged was sent again."""
        run = nb.read_saved(self.folder / "results.jsonl")
        assert isinstance(run, nb.Run)
        names = [f"call-{n + 1:06d}" for n in range(N_CALLS)]
        assert [(call.custom_id, call.outcome) for call in run.calls] == [(n, "ok") for n in names]
        sent = Counter(self._sent())
        again = {n: sent[n] for n, seen in self.tally.acknowledged.items() if sent[n] > seen}
        assert again == {}
        attempts = [each for call in run.calls for each in call.attempts]
        self.tally.perhaps_billed = sum(each.possibly_billed for each in attempts)
        # What was sent more than once is told.
        assert sum(sent.values()) - N_CALLS <= self.tally.perhaps_billed
        return self.tally


def _parse(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:  # being written
        return {}
    return found if isinstance(found, dict) else {}


@pytest.mark.parametrize("seed", [slow(0), *map(exhaustive, range(1, 10))])
def test_nothing_is_lost_or_sent_again(seed: int, tmp_path: Path) -> None:
    kinds = [*KINDS]
    random.Random(seed).shuffle(kinds)  # noqa: S311
    with foreground("--speed", 10) as server:
        run = Killed(tmp_path, server, seed)
        run.make(kinds)
        tally = run.check()

    print(seed, tally.kills, len(tally.acknowledged), "perhaps billed", tally.perhaps_billed)
    assert sum(tally.kills.values()) == 3
