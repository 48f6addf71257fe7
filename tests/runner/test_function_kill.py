"""Promises R6 and R7 with functions, against kill -9: nothing that is answered is asked again."""

from __future__ import annotations

import random
import signal
import warnings
from pathlib import Path

import pytest

import aiml_nb as nb
from aiml_nb.formats.journal_contents import read_lines
from aiml_nb.runner.options import BLOCKING

from ..rows import exhaustive, slow
from .test_kill import Tally, Victims, check_journal, names, tear, victims, wait_for_growth

N_ITEMS = 60
STRATEGIES = ("gather", "threads", "workers", "sequential")

__all__ = ["victims"]  # the fixture


@pytest.mark.parametrize("kills", [2, slow(40), exhaustive(160)])
def test_runs_of_functions_that_are_killed_lose_nothing_and_ask_nothing_twice(
    kills: int, victims: Victims, tmp_path: Path
) -> None:
    chance = random.Random(kills)  # noqa: S311  moments, not secrets
    tally = Tally()
    while tally.kills < kills or tally.runs < len(STRATEGIES):
        kill_until_done(tally, victims, tmp_path / f"{tally.runs}", chance)
    print(tally)

    assert tally.lost == []
    assert tally.sent_again == []
    assert tally.unfinished == []
    assert 0 < tally.acknowledged <= tally.runs * N_ITEMS


def kill_until_done(tally: Tally, victims: Victims, folder: Path, chance: random.Random) -> None:
    """Start one run; kill it, tear its journal and resume it until all of it is answered."""
    folder.mkdir()
    journal, acknowledged, called = (folder / name for name in ("a.jsonl", "shown", "called"))
    acknowledged.touch()
    called.touch()
    strategy = STRATEGIES[tally.runs % 4]
    job = {
        "blocks": strategy in BLOCKING,
        "prompts": [*range(N_ITEMS)],
        "options": {"strategy": strategy, "max_concurrency": 6},
        "retry_failed": False,
        "journal": str(journal),
        "acknowledged": str(acknowledged),
        "called": str(called),
    }
    tally.runs += 1
    code = -signal.SIGKILL
    while code != 0:
        answered = finished(journal)
        before = acknowledged.stat().st_size
        pid = victims.start({**job, "resume": journal.exists()})
        wait_for_growth(acknowledged, before, chance, pid)
        code = victims.kill(pid)
        tally.kills += code == -signal.SIGKILL
        assert code in {0, -signal.SIGKILL}
        if journal.exists() and b"\n" not in journal.read_bytes():
            journal.unlink()  # as the message says: it was cut off before anything was called
        check_journal(tally, journal, acknowledged)
        tally.sent_again += sorted(answered & calls_of(pid, called))
        if code != 0 and chance.random() < 0.5 and journal.exists():
            tear(journal, chance)
            tally.torn += 1
    tally.unfinished += set(names(N_ITEMS)) - finished(journal)
    tally.acknowledged += len(set(acknowledged.read_text().split()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of lines that are torn, which is what was done to them
        run = nb.read_saved(journal)
    assert isinstance(run, nb.Run)
    assert run.results == [{"double": 2 * item} for item in range(N_ITEMS)]


def finished(journal: Path) -> set[str]:
    """Return the names of the calls that the journal has the results of."""
    if not journal.exists():
        return set()
    return {*read_lines(journal.read_bytes(), journal).calls}


def calls_of(pid: int, called: Path) -> set[str]:
    """Return the names of the calls that the process of this number has made."""
    lines = [line.split() for line in called.read_text().splitlines()]
    return {f"call-{int(item) + 1:06d}" for number, item in lines if int(number) == pid}
