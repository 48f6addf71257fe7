"""What subcommands print about calls: exit codes, counts, and errors in the server's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..endpoint.transport import is_loopback
from ..messages import for_command_line
from ..records import OUTCOMES, SKIPPED, Call, Run
from ..report.error_groups import ErrorGroup, group_errors
from ..report.labels import sanitize
from ..report.wording import pluralize
from ..runner.journal_summary import ANSWERED

EXIT_CALL_FAILED = 3
EXIT_INTERRUPTED = 130  # 128 + SIGINT, the convention of shells
_MAX_ERRORS = 8  # quoted; the others are counted


def exit_code(calls: Iterable[Call]) -> int:
    """Return 0 if all calls went well, else 3; rows that were passed over are none."""
    asked = (call for call in calls if call.error_type != SKIPPED)
    return 0 if all(call.outcome == "ok" for call in asked) else EXIT_CALL_FAILED


def describe_failures(calls: Iterable[Call]) -> list[str]:
    """Return a line for each different error with its count, the most frequent first.

    A server's words may hold anything: what would move a terminal's cursor is taken out.
    """
    groups = group_errors(calls)
    lines = [_describe_error(group) for group in groups[:_MAX_ERRORS]]
    rest = groups[_MAX_ERRORS:]
    if rest:
        lost = sum(group.calls for group in rest)
        lines.append(f"and {pluralize(len(rest), 'more error')}, of {pluralize(lost, 'call')}")
    return lines


def _describe_error(group: ErrorGroup) -> str:
    kind = f"failed ({group.error_type})" if group.error_type else group.outcome
    times = f" ({group.calls:,} calls)" if group.calls > 1 else ""
    return f"{kind}: {sanitize(for_command_line(group.message), width=400)}{times}"


def describe_interrupted(run: Run) -> str:
    """Return how many calls are answered, and how many others may be billed."""
    answered = sum(call.outcome in ANSWERED for call in run.calls)
    cancelled = sum(call.outcome == "cancelled" for call in run.calls)
    were = "was" if cancelled == 1 else "were"
    billed = "" if run.simulated or is_loopback(run.base_url) else ", perhaps billed"
    lost = f"; {cancelled:,} {were} in flight{billed}" if cancelled else ""
    return f"interrupted. {answered:,} of {len(run.calls):,} calls are answered{lost}."


def describe_run(run: Run, *, since: float) -> list[str]:
    """Return lines on the calls of a run, by outcome.

    Parameters
    ----------
    since
        When this command began, seconds since the epoch: what an earlier one did is told apart.
    """
    counts = Counter(call.outcome for call in run.calls if call.error_type != SKIPPED)
    skipped = sum(call.error_type == SKIPPED for call in run.calls)
    lines = [f"{len(run.calls):8,}  {_describe_time(run, since)}"]
    lines += [f"{counts[outcome]:8,}  {outcome}" for outcome in OUTCOMES if counts[outcome]]
    lines += [f"{skipped:8,}  {SKIPPED}"] if skipped else []
    # Calls that were not sent have one common reason, which follows below.
    lines += describe_failures(call for call in run.calls if call.outcome != "not_started")
    lines += [sanitize(for_command_line(notice), width=400) for notice in run.notices]
    if run.stopped:
        lines.append(f"stopped: {sanitize(for_command_line(run.stopped), width=400)}")
    return lines


def _describe_time(run: Run, since: float) -> str:
    """Return how long the calls took; in a resumed run, those of this command."""
    how = f"({run.strategy}, at most {run.max_concurrency:,} in flight)"
    made = [call for call in run.calls if call.finished is not None or call.from_journal]
    now = [
        call
        for call in made
        if call.submitted is not None and run.started_at + call.submitted >= since - 0.001
    ]
    seconds = max((c.finished - c.submitted for c in now), default=0.0)  # type: ignore[operator]
    before = len(made) - len(now)
    if before and not now:
        all_of_them = "all" if before == len(run.calls) else f"{before:,}"
        return f"calls, {all_of_them} of them made before"
    if before:
        return f"calls: {before:,} made before, {len(now):,} now in {seconds:.1f} s {how}"
    part = "" if len(made) == len(run.calls) else f", {len(made):,} of them made,"
    return f"calls{part} in {seconds:.1f} s {how}"
