"""What holds a run up is said while it does: after the bar, or in a line of its own."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import aiml_nb as nb
from aiml_nb.runner.plan import make_plan
from aiml_nb.runner.plan_text import describe_least

from ..rows import slow
from .conftest import connect_faulty, run_skipping

BOTH = pytest.mark.parametrize("strategy", ["sequential", "threads", "gather"])
QUESTIONS = [f"Question {number}?" for number in range(6)]


@BOTH
def test_a_pause_stands_after_the_bar_while_it_lasts(
    strategy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = connect_faulty(faults={3: "retry-after:58"})

    run_skipping(QUESTIONS, endpoint, strategy=strategy, progress=True, max_concurrency=1)

    shown = capsys.readouterr().err.split("\r")
    said = [line for line in shown if "paused for 58 s by the server" in line]
    assert {f"{left} s left" in "".join(said) for left in (58, 30, 1)} == {True}
    assert "paused" not in shown[-1]
    assert "6/6" in shown[-1]


@BOTH
def test_where_there_is_no_bar_a_pause_is_a_line_once(
    strategy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = connect_faulty(faults={2: "retry-after:58", 4: "retry-after:7"})

    run_skipping(QUESTIONS, endpoint, strategy=strategy, max_concurrency=1)

    said = capsys.readouterr().err
    assert said == "aiml_nb: paused for 58 s by the server, 58 s left\n"


def test_a_process_that_imported_ipykernel_is_no_notebook(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Some packages import it wherever they are used; only a kernel's shell shows a bar."""
    importlib.import_module("ipykernel")
    importlib.import_module("IPython")
    endpoint = connect_faulty(faults={2: "retry-after:58"})

    run_skipping(QUESTIONS, endpoint, strategy="sequential")

    assert capsys.readouterr().err == "aiml_nb: paused for 58 s by the server, 58 s left\n"


SCRIPT = """
import os, sys
import aiml_nb as nb

reader, writer = os.pipe()
os.close(reader)
os.dup2(writer, 2)  # whoever read the messages has gone
endpoint = nb.connect(speed=50, verbose=False)
run = nb.run(["Who?"] * 20, endpoint, strategy=sys.argv[1], progress=True)
print([call.outcome for call in run.calls].count("ok"))
os.dup2(1, 2)
"""


@pytest.mark.parametrize("strategy", [slow("sequential"), slow("threads"), "gather"])
def test_a_run_whose_bar_cannot_be_shown_is_made_all_the_same(strategy: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, strategy], capture_output=True, text=True, check=False
    )

    assert done.stdout.startswith("20\n"), done


def test_a_limit_says_before_the_first_call_how_long_it_takes_at_least(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = {"requests_per_minute": 2, "tokens_per_minute": 1e6}
    run_skipping(QUESTIONS, connect_faulty(), progress=True, **options)

    shown = capsys.readouterr()
    assert shown.out.startswith("At most 2 a minute: 2 min at least.\n")
    assert "6/6 [00:00<00:00, " in shown.err
    plan = make_plan(["Why? " * 100] * 6, connect_faulty(), tokens_per_minute=200, max_tokens=9)
    assert describe_least(plan).startswith("At most 200 tokens a minute: about ")
    assert describe_least(make_plan(QUESTIONS, connect_faulty(), requests_per_minute=6)) == ""


async def test_a_handle_tells_how_long_its_run_will_still_take() -> None:
    handle = nb.start(["Q?"] * 4, connect_faulty("faq", speed=50), max_concurrency=2)
    assert handle.remaining is None

    await handle

    assert handle.remaining == 0
