"""What to type next, where a run has not come to its end or calls of it have failed."""

from __future__ import annotations

from ..analysis.subject import Subject
from .wording import pluralize

_FAILED = ("error", "timeout")
_UNSENT = ("not_started", "cancelled")


def next_step(subject: Subject) -> str:
    """Return what to type after a run alone; empty if all its calls have ended well.

    Without a journal there is nothing to go on from.
    """
    if subject.are_several or subject.pair is not None or not subject.run.journal:
        return ""
    run, said = subject.run, []
    if unsent := sum(call.outcome in _UNSENT for call in run.calls):
        said.append(f"{pluralize(unsent, 'call')} left. Go on: nb.resume({run.journal!r})")
    if failed := sum(call.outcome in _FAILED for call in run.calls):
        again = f"nb.resume({run.journal!r}, retry_failed=True)"
        said.append(f"{pluralize(failed, 'call')} failed. Ask again: {again}")
    return "\n".join(said)
