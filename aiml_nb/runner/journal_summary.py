"""Describe a journal before its run is resumed: what is answered, sent again, or damaged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..endings import End, ends_of
from ..errors import JournalError
from ..formats.journal_contents import Contents
from ..messages import argument, either
from ..records import Call
from .changes import describe_changes
from .journal_inputs import JournalInputs, find_changes, parameters_to_journal
from .plan import Plan

ANSWERED = {"ok", "incomplete", "refused"}
_NO_END: set[End | None] = {None, "broken"}  # as when the server was shut down


def is_whole(call: Call) -> bool:
    """Tell whether a call has an answer that was not broken off (max_tokens is a regular end)."""
    broke_off = call.outcome == "incomplete" and not _NO_END.isdisjoint(ends_of(call))
    return call.outcome in ANSWERED and not broke_off


def describe_journal(contents: Contents, plan: Plan, inputs: JournalInputs) -> str:
    """Say what the journal holds, what will be sent again and what will not."""
    calls, left = plan.run.calls, plan.unfinished
    answered = sum(call.outcome in ANSWERED for call in calls)
    whole = sum(map(is_whole, calls))
    failed = len(calls) - len(left) - whole
    what = "failed or broke off" if answered > whole else "failed"
    again = sum(call.custom_id in contents.calls for call in left)
    lost = [c.custom_id for c in left if c.attempts and c.custom_id not in contents.calls]
    text = f"Resumed: {answered:,} of {len(calls):,} calls are answered."
    new = len(calls) - len(inputs.prompts)
    if new:
        text += f" {new:,} {'prompt is' if new == 1 else 'prompts are'} new."
    if failed:
        them = "it" if failed == 1 else "them"
        text += f" {failed:,} {what}: " + argument("retry_failed", True) + f" sends {them} again."
    if again:
        text += f" {again:,} had failed and {'is' if again == 1 else 'are'} sent again."
    if changes := find_changes(
        inputs.parameters, parameters_to_journal(plan.options, plan.endpoint.key)
    ):
        others = {name: inputs.parameters.get(name) for name in changes}
        text += " From here on: " + describe_changes(changes, others, of_run=True) + "."
    if lost:
        names = ", ".join(lost[:5]) + (", …" if len(lost) > 5 else "")
        was, is_ = ("was", "is") if len(lost) == 1 else ("were", "are")
        billed = ", perhaps billed," if plan.endpoint.may_cost else ""
        text += f" {len(lost):,} {was} in flight{billed} and {is_} sent again: {names}."
    if strangers := contents.calls.keys() - {call.custom_id for call in calls}:
        text += f" {len(strangers):,} records are of prompts that no line names: "
        text += "give these prompts, too."
    edited = [n for n in contents.edited if n > 1]  # the header is read even if it was edited
    skipped = contents.damaged
    if not contents.takes_edited:
        skipped = tuple(sorted([*skipped, *edited]))
    if skipped:
        text += f" Cut off or damaged, and passed over: {_lines(skipped)} of the journal."
    if edited and contents.takes_edited:
        text += f" Taken as they are, though changed: {_lines(edited)} of the journal."
    return text


def refuse_damage(contents: Contents, path: Path, *, or_fresh: bool = False) -> None:
    """Raise JournalError if damaged lines may hold answers, which would be paid for again.

    Parameters
    ----------
    or_fresh
        Advise ``fresh`` as well, which `run` takes.
    """
    unread = sorted({*contents.damaged} - {*contents.torn})
    if not unread and not contents.edited:
        return
    option = "--resume --on-damage" if or_fresh else "--on-damage"
    where = _lines(sorted([*unread, *contents.edited]))
    raise JournalError(
        f"'{path}' was changed after it was written, in {where}: {len(contents.edited)} of its "
        f"lines can be read although their checksums do not match, {len(unread)} cannot. Nothing "
        "was sent. Put the file back from a copy if there is one; or take what can be read as it "
        "is: "
        + either('resume(…, on_damage="keep")', f"{option} keep")
        + "; or send those calls again, and perhaps pay for them again: "
        + either('resume(…, on_damage="send")', f"{option} send")
        + ("; or begin anew: " + argument("fresh", True) if or_fresh else "")
        + "."
    )


def _lines(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:5])) + (", …" if len(numbers) > 5 else "")
    return f"line {shown}"
