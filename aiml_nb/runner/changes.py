"""What a run that goes on asks otherwise than its journal says: refused, or written down.

The answers of one run are answers to one way of asking. Prompts may be added at the end; request
parameters change only where that is asked for by name, and then each record says which it had.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..endpoint.keys import KEY, ApiKey
from ..errors import JournalError
from ..formats.journal_contents import Contents
from ..formats.lines import dump, encode
from ..prompts.prompt import Prompt, shorten
from .options import CAPS, OPTIONS, RunOptions, keep_parameters
from .plan import Plan, describe_prompt, name_call

_NEEDED = {"model", "base_url", "simulated", "seed", "started_at", "strategy"}
_ON_PURPOSE = (
    "or ask both ways in one run on purpose: change_parameters=True, on the command line "
    "--change-parameters. Each row then says which it was."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the calls of a journal ask, as far as it has come.

    Parameters
    ----------
    prompts
        Those that the run began with, and those that were added.
    began
        The request parameters that it began with, ``stream`` among them.
    parameters
        The newest ones.
    """

    prompts: list[Prompt]
    began: dict[str, Any]
    parameters: dict[str, Any]


def read_asked(contents: Contents, path: Path) -> Asked:
    """Return what a journal's calls ask; raise JournalError if it does not say it whole."""
    head = contents.head
    try:
        saved = head["settings"]
        if not saved.keys() >= _NEEDED:
            raise KeyError("settings")
        float(saved["started_at"] or 0), head["run_id"]
        prompts = {each["custom_id"]: _read_prompt(each) for each in head["prompts"]}
        began = _read_parameters(saved)
        newest = began
        for line in contents.resumed:
            prompts |= {each["custom_id"]: _read_prompt(each) for each in line["prompts"]}
            newest = dict(line["parameters"])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise JournalError(
            f"'{path}' holds records, but not what is needed to go on: the settings and every "
            "prompt's messages. Name the journal that the run itself wrote."
        ) from None
    return Asked([*prompts.values()], began, newest)


def _read_prompt(data: dict[str, Any]) -> Prompt:
    return Prompt(
        messages=data["messages"],
        parameters=data.get("parameters", {}),
        custom_id=data["custom_id"],
    )


def _read_parameters(saved: dict[str, Any]) -> dict[str, Any]:
    options = dict(saved.get("options", {}))
    # Earlier journals have the request parameters among the options.
    parameters = saved.get("parameters", options)
    return find_parameters({**parameters, "stream": options.get("stream", False)})


def find_parameters(options: dict[str, Any]) -> dict[str, Any]:
    """Return those of a run's options that say how it asks; the model has its own place."""
    others = (OPTIONS | CAPS | {"model"}) - {"stream"}
    return {n: v for n, v in keep_parameters(options).items() if n not in others}


def parameters_of(settings: RunOptions, key: ApiKey) -> dict[str, Any]:
    """Return the request parameters of a run, ``stream`` among them, as a journal has them."""
    asked = find_parameters(settings.parameters | {"stream": settings.stream})
    return key.redact_all(asked)  # type: ignore[no-any-return]


def find_changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return what is another in `after`; None for what it does not have."""
    if before == after:
        return {}
    after = _without_key(before, after)
    names = [*after, *(name for name in before if name not in after)]
    return {n: after.get(n) for n in names if _plain(before.get(n)) != _plain(after.get(n))}


def _without_key(before: Any, after: Any) -> Any:
    """Return `after` without the key, wherever `before` was written down without it."""
    if isinstance(before, str) and isinstance(after, str) and KEY in before:
        pattern = ".+".join(map(re.escape, before.split(KEY)))
        return before if re.fullmatch(pattern, after, re.DOTALL) else after
    if isinstance(before, dict) and isinstance(after, dict):
        return {name: _without_key(before.get(name), each) for name, each in after.items()}
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [_without_key(*both) for both in zip(before, after, strict=True)]
    return after


def check_asked(
    asked: Asked,
    given: dict[str, Any],
    path: Path,
    *,
    prompts: list[Prompt] | None,
    may_change: bool,
) -> list[int]:
    """Return the places of the prompts whose own parameters have changed.

    Parameters
    ----------
    given
        The options of the run that goes on.
    prompts
        Those it names; there may be more than the journal has. None for the journal's.
    may_change
        Whether other request parameters are asked for on purpose.

    Raises
    ------
    JournalError
        If a prompt is missing or another, or a parameter is another and may not be.
    """
    if not may_change:
        _check_parameters(asked, given, path)
    return [] if prompts is None else _check_prompts(prompts, asked, path, may_change=may_change)


def _check_parameters(asked: Asked, given: dict[str, Any], path: Path) -> None:
    """Raise JournalError if the options that are given ask in another way."""
    changed = find_changes(asked.parameters, asked.parameters | find_parameters(given))
    if changed:
        raise JournalError(
            f"'{path}' is the journal of a run with {describe_changes(asked.parameters, changed)}. "
            f"Leave that out to go on as before, name a new journal, {_ON_PURPOSE}"
        )


def describe_changes(before: dict[str, Any], changed: dict[str, Any]) -> str:
    """Return both values of each: ``temperature=0, not 1; max_tokens=50, not none``."""
    return "; ".join(_describe_change(n, before.get(n), each) for n, each in changed.items())


def _describe_change(name: str, before: object, after: object) -> str:
    if name == "stream":
        was, is_ = ("streamed" if each else "whole" for each in (before, after))
        return f"{was} answers, not {is_} ones"
    was, is_ = ("none" if each is None else shorten(each) for each in (before, after))
    return f"{name}={was}, not {is_}"


def _check_prompts(
    prompts: list[Prompt], asked: Asked, path: Path, *, may_change: bool
) -> list[int]:
    kept, changed = asked.prompts, list[int]()
    if len(prompts) < len(kept):
        missing = f"prompt {len(prompts) + 1}, {shorten(kept[len(prompts)].label)}, is missing"
        raise _refuse_prompts(prompts, kept, path, missing)
    for at, (prompt, old) in enumerate(zip(prompts, kept, strict=False)):
        difference = _find_difference(prompt, old, at + 1)
        if difference:
            raise _refuse_prompts(prompts, kept, path, difference)
        own, before = keep_parameters(prompt.parameters), keep_parameters(old.parameters)
        others = find_changes(before, own)
        if others and not may_change:
            what = f"{_place(prompt, at + 1)} had {describe_changes(before, others)}"
            raise _refuse_prompts(prompts, kept, path, what, advice=f", {_ON_PURPOSE}")
        if others:
            changed.append(at)
    return changed


def _refuse_prompts(
    prompts: list[Prompt], kept: list[Prompt], path: Path, what: str, *, advice: str = "."
) -> JournalError:
    return JournalError(
        f"'{path}' is the journal of another run: its {len(kept)} prompts are not these "
        f"{len(prompts)}; {what}. New ones are taken at the end only. Name its own prompts, or a "
        f"new journal{advice}"
    )


def _find_difference(prompt: Prompt, old: Prompt, number: int) -> str | None:
    place = _place(prompt, number)
    if prompt.messages != old.messages and _plain(prompt.messages) != _plain(old.messages):
        was, is_ = old.label, prompt.label
        if was == is_:
            return f"{place} has other messages: {shorten(prompt.messages)}"
        return f"{place} was {shorten(was)} and is {shorten(is_)}"
    name = name_call(prompt, number)
    if name != old.custom_id:
        return f"{place} was called {shorten(old.custom_id)} and is called {shorten(name)}"
    return None


def refuse_changes_to_finished(plan: Plan, asked: Asked, changed: list[int], path: Path) -> None:
    """Raise JournalError if a prompt has other parameters than those of its answer."""
    for at in changed:
        call = plan.run.calls[at]
        if call.finished is None:
            continue
        before = keep_parameters(asked.prompts[at].parameters)
        others = find_changes(before, keep_parameters(plan.prompts[at].parameters))
        raise JournalError(
            f"'{path}' has what came of prompt {at + 1} ({call.custom_id!r}) already, with "
            f"{describe_changes(before, others)}. Put that back, or name a new journal."
        )


def _place(prompt: Prompt, number: int) -> str:
    return prompt.place[0].lower() + prompt.place[1:] if prompt.place else f"prompt {number}"


def _plain(value: object) -> object:
    """Return what a journal keeps of a value."""
    try:
        return json.loads(dump(value))
    except (TypeError, ValueError):
        return value


def note_of(plan: Plan, asked: Asked, changed: list[int], path: Path) -> str | None:
    """Return the line that tells a journal what is new in a run that goes on; None for nothing.

    Raises
    ------
    JournalError
        If something in it is nothing that JSON knows.
    """
    new = [*changed, *range(len(asked.prompts), len(plan.prompts))]
    parameters = parameters_of(plan.options, plan.endpoint.key)
    if not new and not find_changes(asked.parameters, parameters):
        return None
    prompts = [describe_prompt(plan.prompts[at], at + 1, plan.endpoint) for at in new]
    try:
        return encode_note(parameters, prompts)
    except (TypeError, ValueError) as error:
        raise JournalError(
            f"The journal '{path}' cannot hold what is new: {error}. Give prompts and parameters "
            "as JSON has them: texts, numbers, lists and dictionaries."
        ) from None


def encode_note(parameters: dict[str, Any], prompts: list[dict[str, Any]]) -> str:
    """Return the line that begins another way of asking."""
    return encode({"aiml_nb_resumed": 1, "parameters": parameters, "prompts": prompts})
