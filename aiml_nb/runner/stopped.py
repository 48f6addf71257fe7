"""What is said when somebody stops a run in a notebook: what is kept, and how to go on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..loop import in_kernel
from ..printable import say
from ..records import Run
from .journal_summary import ANSWERED
from .plan import Plan
from .plan_text import is_command


@contextmanager
def told_if_stopped(plan: Plan) -> Iterator[None]:
    """Print how many answers are kept, and how to go on, if a person interrupts this block.

    Commands print their own; a script ends with its traceback.
    """
    try:
        yield
    except (KeyboardInterrupt, asyncio.CancelledError):
        is_begun = any(call.submitted is not None for call in plan.run.calls)
        if is_begun and not is_command(plan) and (in_kernel() or hasattr(sys, "ps1")):
            say(describe_stopped(plan.run))
        raise


def describe_stopped(run: Run) -> str:
    """Return how many answers of an interrupted run are kept, and what to type to go on."""
    answered = sum(call.outcome in ANSWERED for call in run.calls)
    are = "is" if answered == 1 else "are"
    said = f"Stopped. {answered:,} of {len(run.calls):,} calls {are} answered and kept:"
    if run.journal:
        return f"{said} nb.last_run() has them, and the journal. Go on: nb.resume({run.journal!r})"
    return (
        f"{said} nb.last_run() has them. To go on with such a run another time, give it a journal: "
        "journal='run.jsonl'"
    )
