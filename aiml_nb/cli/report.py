"""What subcommands say about calls: exit codes, and the failures in the server's own words."""

from __future__ import annotations

from collections.abc import Iterable

from ..analysis.labels import clean
from ..records import Call

EXIT_CALL_FAILED = 3
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def exit_code(calls: Iterable[Call]) -> int:
    """Return 0 if all calls went well, else 3."""
    return 0 if all(call.outcome == "ok" for call in calls) else EXIT_CALL_FAILED


def describe_failures(calls: Iterable[Call]) -> list[str]:
    """Return a line for each kind of failure, with the first message of its kind.

    A server's words may hold anything: what would move a terminal's cursor is taken out.
    """
    first: dict[str, str] = {}
    for call in calls:
        if call.error:
            first.setdefault(call.error_type or call.outcome, call.error)
    return [f"failed ({kind}): {clean(message, width=400)}" for kind, message in first.items()]
