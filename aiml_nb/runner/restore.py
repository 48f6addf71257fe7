"""The records of a resumed run, as far as its journal has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import JournalError
from ..formats.journal import call_from_dict
from ..formats.journal_contents import Contents
from ..formats.journal_sections import taken_call
from ..records import INVALID_ANSWER, Attempt, Call, Run
from ..typed import Reader, reread
from .journal_summary import is_whole
from .options import recordable_parameters
from .plan import Plan
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
    for call in plan.run.calls:
        own = recordable_parameters(plan.prompts[call.index].parameters)
        own = plan.endpoint.key.redact_all(own) if own else own
        try:
            reader = own_reader(plan, call)
            _restore(call, contents, plan.run, own, retry_failed=retry_failed, reader=reader)
        except ValueError as error:
            raise JournalError(
                f"'{path}' holds a record of {call.custom_id!r} that this aiml_nb cannot read: "
                f"{error} Read it with the aiml_nb that wrote it."
            ) from None


def _restore(
    call: Call,
    contents: Contents,
    run: Run,
    own: dict[str, Any],
    *,
    retry_failed: bool,
    reader: Reader | None,
) -> None:
    """Restore the record of `call`, or its lost attempts, from the journal.

    Parameters
    ----------
    own
        The parameters of its prompt, for the record.
    reader
        Reads its answer again, as an object of the class that was given.
    """
    sent = {each["sent"]: each["at"] for each in contents.sent.get(call.custom_id, ())}
    last = max(sent, default=0)
    record = contents.calls.get(call.custom_id)
    if record is None and call.custom_id in contents.taken:
        taken = taken_call(contents.taken[call.custom_id], prompt=call.prompt)
        taken.index, taken.custom_id, taken.parameters = call.index, call.custom_id, own
        if reader is not None:
            reread(taken, reader)
        run.calls[call.index] = taken
    elif record is not None:
        known = call_from_dict(record, prompt=call.prompt)
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
        call.attempts.append(
            Attempt(
                number=number,
                started=at,
                finished=at,
                error_type="no_reply",
                possibly_billed=True,
            )
        )
