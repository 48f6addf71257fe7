"""Write a journal from memory: its header, and all lines of a run whose file was lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..formats.journal import finished_line, header, sent_line
from ..formats.journal_head import head_lines, prompts_line
from ..formats.lines import decode, encode
from ..prompts.stored import StoredPrompts
from ..records import CHAT
from .changes import encode_resume_note
from .functions.function import Function
from .journal_inputs import (
    find_changes,
    find_parameters,
    parameters_to_journal,
    prompt_to_dict,
)
from .options import CAPS, OPTIONS
from .plan import Plan


def lines_of_plan(plan: Plan) -> Iterator[str]:
    """Yield what the journal of a run should hold by now."""
    yield from lines_of_head(plan)
    parameters = parameters_to_journal(plan.options, plan.endpoint.key)
    if find_changes(plan.run.parameters | {"stream": plan.run.stream}, parameters):
        yield encode_resume_note(parameters, [])
    for call in plan.run.calls:
        for attempt in list(call.attempts):  # a copy: other threads may append
            name = f"{plan.run.run_id}.{call.index}.{attempt.number}"
            yield sent_line(call, attempt, name)
        # Cancelled calls have no line: a resumed run sends them again.
        is_over = call.finished is not None and call.outcome != "cancelled"
        if is_over or call.from_journal:
            own = plan.prompts[call.index].parameters
            yield finished_line(call, known=own, simulated=plan.run.simulated)


def lines_of_head(plan: Plan) -> Iterator[str]:
    """Yield the lines with which the journal of a run begins."""
    if plan.options.journal is not None:
        yield from explained(_lines_of_head(plan), plan.options.journal)


def _lines_of_head(plan: Plan) -> Iterator[str]:
    prompts = plan.prompts
    if not isinstance(prompts, StoredPrompts):
        yield from head_lines(head_of_plan(plan))
        return
    yield encode(head_of_plan(plan, is_whole=False) | {"n_prompts": len(prompts)})
    for first, line in prompts.lines():
        if prompts.parameter_names:  # the key may be among them, and headers are not written
            count = len(decode(line.decode())["prompts"])
            yield prompts_line(first, prompts_to_dicts(plan, first, first + count))
        else:
            yield f"{line.decode()}\n"


def explained(lines: Iterator[str], path: Path) -> Iterator[str]:
    """Yield lines that are encoded; a failure says that the journal cannot hold them."""
    try:
        yield from lines
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"The journal '{path}' cannot hold the prompts and their parameters: {error}. Give "
            "them as JSON has them: texts, numbers, lists and dictionaries."
        ) from None


def prompts_to_dicts(plan: Plan, first: int, end: int) -> list[dict[str, Any]]:
    """Return what a journal keeps of some of the prompts, from the `first` on, from 0."""
    return [prompt_to_dict(plan.prompts[at], at + 1, plan.endpoint) for at in range(first, end)]


def head_of_plan(plan: Plan, *, is_whole: bool = True) -> dict[str, Any]:
    """Return the journal's header: all that `resume` needs, without the API key.

    Parameters
    ----------
    is_whole
        False leaves the prompts out.
    """
    given = plan.options
    options = {name: getattr(given, name) for name in sorted(OPTIONS)}
    del options["keep_texts"]  # it is about the memory of one process
    if not given.retry_invalid:
        del options["retry_invalid"]  # as journals were before there was such an option
    options |= {name: getattr(given.caps, name) for name in sorted(CAPS)}
    api = options.pop("api")
    asked = plan.endpoint.key.redact_all(find_parameters(given.parameters))
    prompts = prompts_to_dicts(plan, 0, len(plan.prompts)) if is_whole else []
    head = header(plan.run, prompts=prompts)
    head["settings"] = head["settings"] | {
        "started_at": plan.run.started_at or time.time(),
        "parameters": plan.run.parameters if plan.resumes else asked,
        "options": options | {"stream": plan.run.stream},
        "simulator": plan.endpoint.simulator_settings,
    }
    if api != CHAT:
        head["settings"]["api"] = api
    if isinstance(plan.endpoint, Function) and (code := plan.endpoint.code):
        head["settings"]["code"] = code
    return head
