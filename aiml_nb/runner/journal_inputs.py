"""The inputs that a journal holds: its prompts and request parameters, to compare and resume."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..endpoint import Endpoint
from ..endpoint.keys import PLACEHOLDER, ApiKey
from ..errors import JournalError
from ..formats.codec import own_row
from ..formats.journal_contents import Contents
from ..formats.lines import dump
from ..prompts.items import Item, item_to_dict, read_item
from ..prompts.prompt import Prompt
from ..prompts.stored import StoredPrompts, prompt_of, store_lines
from .functions.function import Function
from .new_run import name_call
from .options import CAPS, OPTIONS, RunOptions, recordable_parameters

_NEEDED = {"model", "base_url", "simulated", "seed", "started_at", "strategy"}


@dataclass(frozen=True, slots=True)
class JournalInputs:
    """The prompts and request parameters of a journal.

    Parameters
    ----------
    prompts
        Those of the first run and those that later runs added.
    initial
        The request parameters of the first run, ``stream`` included.
    parameters
        Those of the newest run.
    """

    prompts: Sequence[Prompt]
    initial: dict[str, Any]
    parameters: dict[str, Any]

    @property
    def are_items(self) -> bool:
        """True if a function was called with them."""
        stored = isinstance(self.prompts, StoredPrompts)  # which are none
        return not stored and any(isinstance(prompt, Item) for prompt in self.prompts)


def read_inputs(contents: Contents, path: Path) -> JournalInputs:
    """Return the inputs that a journal holds; raise JournalError if they are incomplete."""
    head = contents.head
    try:
        saved = head["settings"]
        if not saved.keys() >= _NEEDED:
            raise KeyError("settings")
        # Only for the exceptions: a journal without these cannot be resumed.
        float(saved["started_at"] or 0), head["run_id"]
        lines = contents.sections[-1].prompt_lines
        stored = None if lines is None else store_lines(lines)
        count = len(head["prompts"] if stored is None else stored)
        if head.get("n_prompts", count) != count:
            raise _refuse_cut(contents, path)
        prompts = {each["custom_id"]: _read_prompt(each) for each in head["prompts"]}
        initial = _read_parameters(saved)
        newest = initial
        for line in contents.resumed:
            prompts |= {each["custom_id"]: _read_prompt(each) for each in line["prompts"]}
            newest = dict(line["parameters"])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise JournalError(
            f"'{path}' holds records, but not what is needed to go on: the settings and every "
            "prompt's messages. Name the journal that the run itself wrote."
        ) from None
    return JournalInputs([*prompts.values()] if stored is None else stored, initial, newest)


def _refuse_cut(contents: Contents, path: Path) -> Exception:
    if contents.calls or contents.sent:
        return KeyError("prompts")
    return JournalError(
        f"'{path}' ends in its prompts: that run was cut off before anything was sent. Start the "
        "run again with another journal, or delete this file first."
    )


def _read_prompt(data: dict[str, Any]) -> Prompt:
    if "item" in data:
        return read_item(data)
    return prompt_of(data)


def _read_parameters(saved: dict[str, Any]) -> dict[str, Any]:
    options = dict(saved.get("options", {}))
    # Journals of early versions keep the request parameters among the options.
    parameters = saved.get("parameters", options)
    return find_parameters({**parameters, "stream": options.get("stream", False)})


def find_parameters(options: dict[str, Any]) -> dict[str, Any]:
    """Return the request parameters among a run's options; the model is journaled by itself."""
    others = (OPTIONS | CAPS | {"model"}) - {"stream"}
    return {n: v for n, v in recordable_parameters(options).items() if n not in others}


def parameters_to_journal(settings: RunOptions, key: ApiKey) -> dict[str, Any]:
    """Return the request parameters of a run, ``stream`` included, in the form of a journal."""
    parameters = find_parameters(settings.parameters | {"stream": settings.stream})
    return key.redact_all(parameters)  # type: ignore[no-any-return]


def find_changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the values of `after` that differ from `before`; None where one was removed."""
    if before == after:
        return {}
    after = _without_key(before, after)
    names = [*after, *(name for name in before if name not in after)]
    return {
        n: after.get(n)
        for n in names
        if to_journal_form(before.get(n)) != to_journal_form(after.get(n))
    }


def _without_key(before: Any, after: Any) -> Any:
    """Return `after` with the key redacted wherever the journal's `before` has it redacted.

    Else a parameter that contains the key would count as changed in every resumed run.
    """
    if isinstance(before, str) and isinstance(after, str) and PLACEHOLDER in before:
        pattern = ".+".join(map(re.escape, before.split(PLACEHOLDER)))
        return before if re.fullmatch(pattern, after, re.DOTALL) else after
    if isinstance(before, dict) and isinstance(after, dict):
        return {name: _without_key(before.get(name), each) for name, each in after.items()}
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [_without_key(*both) for both in zip(before, after, strict=True)]
    return after


def to_journal_form(value: object) -> object:
    """Return a value as it would be read back from a journal (tuples become lists, for one)."""
    try:
        return json.loads(dump(value))
    except (TypeError, ValueError):
        return value


def prompt_to_dict(prompt: Prompt, number: int, endpoint: Endpoint | Function) -> dict[str, Any]:
    """Return what a journal keeps of the `number`-th prompt, from 1."""
    if isinstance(prompt, Item):
        return {"custom_id": name_call(prompt, number), **item_to_dict(prompt)}
    kept = recordable_parameters(prompt.parameters)
    data = {
        "custom_id": name_call(prompt, number),
        "messages": prompt.messages,
        "parameters": endpoint.key.redact_all(kept) if kept else kept,
    }
    data |= own_row(prompt.row)
    return data if prompt.problem is None else data | {"problem": prompt.problem}
