"""Promise R8: the stop button gives the prompt back, keeps what is known, and ends the requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiml_nb.formats.journal_contents import read_lines

from ..foreground import foreground
from ..kernels.driver import Kernel
from ..kernels.environments import HERE
from ..rows import exhaustive, slow
from ..waiting import let_pass

pytestmark = pytest.mark.kernel

RUN = """
nb.run(
    [f"Question {{number}}?" for number in range(200)],
    endpoint,
    strategy={strategy!r},
    max_concurrency=20,
    journal={journal!r},
)
"""
KNOWN = """
import collections, json
run = nb.last_run()
print(json.dumps(collections.Counter(call.outcome for call in run.calls)))
"""


@pytest.mark.parametrize(
    ("strategy", "cell"),
    [
        ("gather", "await"),
        *(slow("threads", "sync"), slow("adaptive", "sync"), exhaustive("workers", "await")),
        *(exhaustive("gather", "sync"), exhaustive("threads", "await")),
        *(exhaustive("workers", "sync"), exhaustive("adaptive", "await")),
    ],
)
def test_the_stop_button_at_50_of_200_calls(strategy: str, cell: str, tmp_path: Path) -> None:
    journal = tmp_path / "j.jsonl"
    code = RUN.format(strategy=strategy, journal=str(journal))
    if cell == "await":
        code = code.replace("nb.run(", "await nb.run_async(")
    with foreground("--speed", 6) as server, Kernel(HERE) as kernel:
        first = f"import aiml_nb as nb; endpoint = nb.connect(base_url={server.base_url!r})"
        assert kernel.run(first)[0].status == "ok"
        sent = kernel.queue(code)
        server.wait_for(50)
        pressed = kernel.interrupt()
        (answer,) = kernel.wait(sent, timeout=10)
        (known,) = kernel.run(KNOWN)
        let_pass(until=pressed + 1)
        later = server.count_after(pressed + 0.5)
        (again,) = kernel.run("nb.run(['Who?'], endpoint).calls[0].outcome")
    outcomes = json.loads(known.stdout)
    seconds = answer.replied - pressed
    print(f"{outcomes}, {seconds:.2f} s, {later} later")

    assert answer.status == "error"
    assert answer.error.startswith(("KeyboardInterrupt", "CancelledError"))
    assert seconds <= 5  # mostly 0.2; the error's traceback is written in it, too
    assert later == 0
    assert outcomes["ok"] >= 30  # of 50 that the server has answered, 20 may be on their way
    assert sum(outcomes.values()) == 200
    assert set(outcomes) <= {"ok", "cancelled", "not_started"}
    assert len(read_lines(journal.read_bytes(), journal).calls) == outcomes["ok"]
    assert again.result == "'ok'"
