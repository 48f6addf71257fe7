"""Promises R6 and R7 against kill -9: nothing acknowledged is lost, or asked for again."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aiml_nb.formats.journal_contents import Contents, read_lines
from aiml_nb.formats.lines import decode

from ..foreground import Foreground, foreground
from ..rows import exhaustive, slow
from ..waiting import let_pass, wait_until
from .victim import SOME_FAILED

N_CALLS = 40
KEY = "sk-canary-4711-0815"
STRATEGIES = ("gather", "threads", "workers", "sequential")


@dataclass
class Tally:
    """What many kills did."""

    kills: int = 0
    runs: int = 0
    acknowledged: int = 0
    in_flight: int = 0
    torn: int = 0
    lost: list[str] = field(default_factory=list)
    not_sent: list[str] = field(default_factory=list)
    sent_again: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)


@dataclass
class Victims:
    """The program that starts a process for each job."""

    process: subprocess.Popen[str]

    def start(self, job: dict[str, object]) -> int:
        """Start a process for `job` and return its number."""
        return self._ask(json.dumps(job))

    def kill(self, pid: int) -> int:
        """Kill it, if it is not done yet, and return its exit code."""
        os.kill(pid, signal.SIGKILL)
        return self._ask("what became of it?")

    def _ask(self, line: str) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture
def victims() -> Iterator[Victims]:
    program = [sys.executable, "-m", "tests.runner.victim"]
    with subprocess.Popen(
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        yield Victims(process)
        process.kill()


@pytest.mark.parametrize(
    ("kills", "scenario"), [(6, "faq"), slow(12, "faq"), exhaustive(120, "faq"), slow(6, "chaos")]
)
def test_runs_that_are_killed_lose_nothing_and_ask_nothing_twice(
    kills: int, scenario: str, victims: Victims, tmp_path: Path
) -> None:
    chance = random.Random(kills)  # noqa: S311  moments, not secrets
    tally = Tally()
    with foreground("--speed", 40, "--scenario", scenario) as server:
        while tally.kills < kills or tally.runs < len(STRATEGIES):
            folder = tmp_path / f"{tally.runs}"
            kill_until_done(tally, server, victims, folder, chance, fails=scenario == "chaos")
        judge_by_the_servers_log(tally, server, tmp_path)
    print(tally)
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]

    assert not [data for data in files if KEY.encode() in data]

    assert tally.lost == []
    assert tally.not_sent == []
    assert tally.sent_again == []
    assert tally.unfinished == []
    assert tally.torn > 0
    assert tally.acknowledged > 0
    assert tally.in_flight > 0


def kill_until_done(
    tally: Tally,
    server: Foreground,
    victims: Victims,
    folder: Path,
    chance: random.Random,
    *,
    fails: bool,
) -> None:
    """Start one run; kill it, tear its journal and resume it until all of it is answered."""
    folder.mkdir()
    journal, acknowledged = folder / "journal.jsonl", folder / "acknowledged"
    acknowledged.touch()
    job = {
        "base_url": server.base_url,
        "key": KEY,
        "retry_failed": fails,
        "prompts": [f"Question {number}?" for number in range(N_CALLS)],
        "options": {
            "strategy": STRATEGIES[tally.runs % 4],
            "max_concurrency": 6,
            "stream": tally.runs % 3 == 1,
            "keep_texts": tally.runs % 5 < 3,
        },
        "journal": str(journal),
        "acknowledged": str(acknowledged),
    }
    tally.runs += 1
    done = False
    while not done:
        before = acknowledged.stat().st_size
        pid = victims.start({**job, "resume": journal.exists()})
        wait_for_growth(acknowledged, before, chance, pid)
        code = victims.kill(pid)
        done = code == 0
        tally.kills += code == -signal.SIGKILL
        assert code in {0, -signal.SIGKILL} | ({SOME_FAILED} if fails else set())
        if journal.exists() and is_cut_in_its_head(journal.read_bytes()):
            journal.unlink()  # as the message says: it was cut off before anything was sent
        check_journal(tally, journal, acknowledged)
        if not done and chance.random() < 0.5 and journal.exists():
            tear(journal, chance)
            tally.torn += 1
    contents = read_lines(journal.read_bytes(), journal)
    tally.unfinished += set(names(N_CALLS)) - contents.calls.keys()
    tally.in_flight += sum(len(sent) > 1 for sent in contents.sent.values())
    tally.acknowledged += len(set(acknowledged.read_text().split()))


def is_cut_in_its_head(data: bytes) -> bool:
    """Say whether the process was killed while it wrote the settings and the prompts."""
    return b"\n" not in data or (b'"n_prompts"' in data and b'"sent"' not in data)


def wait_for_growth(acknowledged: Path, before: int, chance: random.Random, pid: int) -> None:
    """Wait until some more calls were shown as finished, or for any moment before that."""
    wanted = before + 12 * chance.randrange(1, 25)
    ends = time.monotonic() + chance.choice([0.1, 10.0, 10.0])
    wait_until(
        lambda: (
            acknowledged.stat().st_size >= wanted or time.monotonic() >= ends or not is_alive(pid)
        ),
        every=0.001,
    )
    let_pass(chance.uniform(0.0001, 0.01))  # any moment will do


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def check_journal(tally: Tally, journal: Path, acknowledged: Path) -> None:
    """What was shown as finished must be in the journal at once."""
    shown = set(acknowledged.read_text().split())
    if not journal.exists():
        tally.lost += shown
        return
    tally.lost += shown - read_lines(journal.read_bytes(), journal).calls.keys()


def tear(journal: Path, chance: random.Random) -> None:
    """Leave what a write that was cut short leaves: the beginning of a record."""
    data = journal.read_bytes()
    line = next((line for line in data.splitlines() if b'"timing"' in line), None)
    if line is not None:
        with journal.open("ab") as file:
            file.write(line[: chance.randrange(1, len(line))])


def judge_by_the_servers_log(tally: Tally, server: Foreground, folder: Path) -> None:
    sent = Counter(server.sent())
    tally.sent_again += [name for name, count in sent.items() if count > 1]
    for journal in folder.glob("*/journal.jsonl"):
        contents = read_lines(journal.read_bytes(), journal)
        check_answered_once(tally, journal)
        run_id = contents.head["run_id"]
        for index, name in enumerate(names(N_CALLS)):
            last = last_attempt(contents, name)
            if not sent[f"{run_id}.{index}.{last}"]:
                tally.not_sent.append(name)
            tally.sent_again += [n for n in sent if n == f"{run_id}.{index}.{last + 1}"]


def last_attempt(contents: Contents, name: str) -> int:
    """Return the number of the attempt that was answered."""
    return len(contents.calls[name]["timing"]["attempts"])


def check_answered_once(tally: Tally, journal: Path) -> None:
    answered: Counter[str] = Counter()
    for line in journal.read_text().splitlines():
        try:
            record = decode(line)
        except ValueError:
            continue
        if "timing" in record and record["error"] is None:
            answered[record["custom_id"]] += 1
    tally.sent_again += [name for name, count in answered.items() if count > 1]
    tally.unfinished += set(names(N_CALLS)) - answered.keys()


def names(count: int) -> list[str]:
    return [f"call-{number:06d}" for number in range(1, count + 1)]
