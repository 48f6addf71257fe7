"""The records of a resumed run, as far as its journal has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import JournalError
from ..formats.journal import call_from_dict
from ..formats.journal_contents import Contents
from ..formats.journal_sections import taken_call
from ..formats.stored_records import StoredRecords
from ..prompts.stored import StoredPrompts
from ..records import INVALID_ANSWER, Attempt, Call, Run
from ..typed import Reader, reread
from .journal_summary import is_whole
from .options import recordable_parameters
from .plan import Plan, is_typed
from .typed_answers import keep_usage, own_reader


def restore_all(plan: Plan, contents: Contents, path: Path, *, retry_failed: bool) -> None:
    """Restore the records of all calls, and their lost attempts, from the journal.

    Parameters
    ----------
    retry_failed
        Leave out the records of calls that failed: they are to be sent again.

    Raises
    ------
    JournalError
        If a record cannot be read.
    """
    prompts = plan.prompts
    # In a large run each look at a prompt counts.
    are_plain = isinstance(prompts, StoredPrompts) and not prompts.parameter_names
    typed = is_typed(plan.options.parameters, prompts)
    for call in plan.run.calls:
        own = {} if are_plain else recordable_parameters(prompts[call.index].parameters)
        own = plan.endpoint.key.redact_all(own) if own else own
        place = _place_of(call, plan, contents)
        try:
            reader = own_reader(plan, call) if typed else None
            _restore(
                call,
                contents,
                plan.run,
                own,
                retry_failed=retry_failed,
                reader=reader,
                label="" if place is not None else call.prompt,
            )
        except ValueError as error:
            raise JournalError(
                f"'{path}' holds a record of {call.custom_id!r} that this aiml_nb cannot read: "
                f"{error} Read it with the aiml_nb that wrote it."
            ) from None
        restored = plan.run.calls[call.index]
        if plan.texts is not None and place is not None and restored is not call:
            plan.texts.put_away(restored, place, own=own)


def _place_of(call: Call, plan: Plan, contents: Contents) -> int | None:
    """Return where in the journal the record of a call is whose texts are to stay there."""
    if plan.texts is None or not isinstance(contents.calls, StoredRecords):
        return None
    return contents.calls.place_of(call.custom_id)


def _restore(
    call: Call,
    contents: Contents,
    run: Run,
    own: dict[str, Any],
    *,
    retry_failed: bool,
    reader: Reader | None,
    label: str,
) -> None:
    """Restore the record of `call`, or its lost attempts, from the journal.

    Parameters
    ----------
    own
        The parameters of its prompt, for the record.
    reader
        Reads its answer again, as an object of the class that was given.
    label
        Its prompt, for the record.
    """
    sent = {each["sent"]: each["at"] for each in contents.sent.get(call.custom_id, ())}
    last = max(sent, default=0)
    record = contents.calls.get(call.custom_id)
    if record is None and call.custom_id in contents.taken:
        taken = taken_call(contents.taken[call.custom_id], prompt=label)
        taken.index, taken.custom_id, taken.parameters = call.index, call.custom_id, own
        if reader is not None:
            reread(taken, reader)
        run.calls[call.index] = taken
    elif record is not None:
        known = call_from_dict(record, prompt=label)
        if reader is not None:
            reread(known, reader)
        # A failed call may have been sent again after its record was written.
        is_over = not retry_failed and last <= len(known.attempts)
        if is_over or is_whole(known):
            known.index = call.index
            known.parameters = known.parameters | own if known.parameters else own
            known.row = call.row
            run.calls[call.index] = known
            return
        call.attempts, call.invalid_usage = known.attempts, known.invalid_usage
        if known.error_type == INVALID_ANSWER:
            keep_usage(call, known)
    for number in range(len(call.attempts) + 1, last + 1):
        at = sent.get(number, sent[last])  # the line with the time may be damaged
        call.attempts = [
            *call.attempts,
            Attempt(
                number=number,
                started=at,
                finished=at,
                error_type="no_reply",
                possibly_billed=True,
            ),
        ]
