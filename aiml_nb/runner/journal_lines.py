"""Write a journal from memory: its header, and all lines of a run whose file was lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from ..formats.journal import finished_line, head_lines, header, sent_line
from ..records import CHAT
from .changes import encode_resume_note
from .functions.function import Function
from .journal_inputs import find_changes, find_parameters, parameters_to_journal
from .options import CAPS, OPTIONS
from .plan import Plan, prompt_to_dict


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
    yield from head_lines(head_of_plan(plan))


def head_of_plan(plan: Plan) -> dict[str, Any]:
    """Return the journal's header: all that `resume` needs, without the API key."""
    given = plan.options
    options = {name: getattr(given, name) for name in sorted(OPTIONS)}
    if not given.retry_invalid:
        del options["retry_invalid"]  # as journals were before there was such an option
    options |= {name: getattr(given.caps, name) for name in sorted(CAPS)}
    api = options.pop("api")
    asked = plan.endpoint.key.redact_all(find_parameters(given.parameters))
    prompts = [
        prompt_to_dict(prompt, number, plan.endpoint)
        for number, prompt in enumerate(plan.prompts, 1)
    ]
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
