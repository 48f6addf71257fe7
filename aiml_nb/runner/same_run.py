"""Go on with a large run whose journal holds the same prompts, asked in the same way.

Then nothing is to be looked for by its content: the run itself is gone on with, as `resume` does,
and its texts stay in the file.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import JournalError
from ..formats.journal_contents import Contents
from ..formats.line_file import LineFile
from ..formats.stored_records import PromptLines
from ..no_collection import no_collection
from ..prompts.stored import StoredPrompts
from ..records import CHAT
from .journal import Journal
from .journal_inputs import find_changes, parameters_to_journal, read_inputs
from .plan import Plan
from .restore import restore_all

_SETTINGS = ("simulated", "seed", "model")


def resume_same(plan: Plan, journal: Journal, contents: Contents, path: Path) -> Plan | None:
    """Return the plan with the answers of its journal; None if that is of another run."""
    lines = _lines_of_same(plan, contents, path)
    if lines is None or plan.texts is None or not isinstance(plan.prompts, StoredPrompts):
        return None
    plan.prompts.move_to(LineFile(open(path, "rb")), lines.offsets)  # noqa: SIM115
    plan.texts.is_of_journal = True
    plan.texts.open(journal)
    saved = contents.head["settings"]
    plan.run.run_id, plan.run.started_at = contents.head["run_id"], saved["started_at"]
    with no_collection():
        restore_all(plan, contents, path, retry_failed=True)
    return replace(plan, resumes=True)


def _lines_of_same(plan: Plan, contents: Contents, path: Path) -> PromptLines | None:
    """Return where the prompts of a journal are, if they and their settings are those of a plan."""
    lines = contents.sections[-1].prompt_lines
    if len(contents.sections) > 1 or lines is None or contents.resumed:
        return None
    try:
        inputs = read_inputs(contents, path)
    except JournalError:
        return None
    saved, endpoint = contents.head["settings"], plan.endpoint
    asked = parameters_to_journal(plan.options, endpoint.key)
    is_same = (
        all(saved.get(name) == getattr(plan.run, name) for name in _SETTINGS)
        # Each process has a simulator of its own, at another address.
        and (plan.run.simulated or saved.get("base_url") == plan.run.base_url)
        and (saved.get("api") or CHAT) == plan.options.api
        and saved.get("simulator") == endpoint.simulator_settings
        and not find_changes(inputs.initial, asked)
    )
    prompts = plan.prompts
    if is_same and isinstance(prompts, StoredPrompts) and not prompts.aside:
        return lines if prompts.has_lines_of(inputs.prompts) else None
    return None
