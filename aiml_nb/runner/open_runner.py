"""What stands around the calls of a run: the plan in words, a progress bar, the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import EndpointError
from ..printable import say
from .call import CallRunner
from .functions.client import MisfitError
from .journal import Journal
from .journal_lines import lines_of_head, lines_of_plan
from .pacing.clock import Clock
from .pacing.garbage_collector import fewer_full_gc
from .plan import Plan
from .plan_text import describe_least, describe_plan, is_command
from .progress import show_progress


@contextmanager
def open_call_runner(
    plan: Plan, journal: Journal | None = None, clock: Clock | None = None
) -> Iterator[CallRunner]:
    """Print the plan, show progress, open the journal; close the records after an interrupt."""
    if plan.options.limit_notice:
        say(plan.options.limit_notice)
    if plan.endpoint.may_cost:
        say(plan.speak(describe_plan(plan)))
    elif plan.options.progress is not False and (least := describe_least(plan)):
        say(plan.speak(least))
    is_new = journal is None
    if journal is None and plan.options.journal is not None:
        journal = Journal.create(plan.options.journal, lines_of_head(plan))
    if journal is not None:
        # For the case that another program deletes the file during the run.
        journal.all_lines = lambda: lines_of_plan(plan)
        plan.run.journal = str(journal.path)
        if plan.texts is not None:
            journal.holds_texts = True
            plan.texts.open(journal)
    if journal is not None and plan.note is not None:
        journal.note_resumed(plan.note)
    left, wanted, status = plan.unfinished, plan.options.progress, plan.status
    with (
        fewer_full_gc(),
        show_progress(
            len(left),
            title=plan.run.strategy,
            wanted=wanted,
            status=status,
            lines=is_command(plan),
        ) as advance,
    ):
        runner = CallRunner(plan, on_finished=advance, clock=clock, journal=journal, status=status)
        try:
            yield runner
        except (EndpointError, MisfitError):
            is_empty = not any(call.outcome == "ok" for call in plan.run.calls)
            if journal is not None and is_new and is_empty:
                journal.is_kept = False  # no call was answered, so remove the new file
            raise
        except BaseException:
            runner.interrupt()
            raise
        finally:
            if journal is not None:
                journal.close(plan.run)
                plan.run.journal = str(journal.path) if journal.is_kept else None
                if plan.texts is not None and journal.is_kept:
                    plan.texts.close(journal)
