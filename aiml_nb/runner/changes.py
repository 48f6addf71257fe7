"""Compare a resumed run with its journal: refuse changed inputs, or journal them as wanted.

One run holds answers to one way of asking. Prompts may be added at the end; request parameters may
change only with ``change_parameters=True``, and then each record says which it had.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import JournalError
from ..formats.lines import encode
from ..messages import Message, argument, either, join
from ..prompts.items import Item, item_to_dict
from ..prompts.prompt import Prompt, shorten
from ..prompts.stored import StoredPrompts
from .journal_inputs import (
    JournalInputs,
    find_changes,
    find_parameters,
    parameters_to_journal,
    prompt_to_dict,
    to_journal_form,
)
from .new_run import name_call
from .options import recordable_parameters
from .plan import Plan

# Request parameters for all prompts that the command line has options for.
_OPTIONS = {"system", "max_tokens", "temperature"}
_HOW_TO_CHANGE = (
    "or ask both ways in one run on purpose: "
    + either("change_parameters=True", "--change-parameters")
    + ". Each row then says which it was."
)


def check_inputs(
    inputs: JournalInputs,
    given: dict[str, Any],
    path: Path,
    *,
    prompts: Sequence[Prompt] | None,
    may_change: bool,
) -> list[int]:
    """Return the indexes of the prompts whose own parameters have changed.

    Parameters
    ----------
    given
        The options of the resumed run.
    prompts
        Its prompts; there may be more than in the journal. None for the journal's.
    may_change
        The user allows changed request parameters.

    Raises
    ------
    JournalError
        If a prompt is missing or differs, or a parameter differs and may not.
    """
    if not may_change:
        _check_parameters(inputs, given, path)
    return [] if prompts is None else _check_prompts(prompts, inputs, path, may_change=may_change)


def _check_parameters(inputs: JournalInputs, given: dict[str, Any], path: Path) -> None:
    """Raise JournalError if the given options contain other request parameters."""
    changed = find_changes(inputs.parameters, inputs.parameters | find_parameters(given))
    if changed:
        raise JournalError(
            f"'{path}' is the journal of a run with "
            + describe_changes(inputs.parameters, changed, of_run=True)
            + ". Leave that out to go on as before, name a new journal, "
            + _HOW_TO_CHANGE
        )


def describe_changes(
    before: dict[str, Any], changed: dict[str, Any], *, of_run: bool = False
) -> Message:
    """Return both values of each change: ``temperature=0, not 1; max_tokens=50, not none``.

    Parameters
    ----------
    of_run
        They hold for all prompts, so that the command line has options for some of them.
    """
    options = _OPTIONS if of_run else set[str]()
    said = [_describe_change(n, before.get(n), each, options) for n, each in changed.items()]
    return join("; ", said)


def _describe_change(name: str, before: object, after: object, options: set[str]) -> str:
    if name == "stream":
        was, is_ = ("streamed" if each else "whole" for each in (before, after))
        return f"{was} answers, not {is_} ones"
    was, is_ = ("none" if each is None else shorten(each) for each in (before, after))
    given = argument(name, was) if name in options else f"{name}={was}"
    return given + f", not {is_}"


def _check_prompts(
    prompts: Sequence[Prompt], inputs: JournalInputs, path: Path, *, may_change: bool
) -> list[int]:
    kept, changed = inputs.prompts, list[int]()
    if isinstance(prompts, StoredPrompts) and prompts.has_lines_of(kept):
        return []
    # A missing prompt would lose an answer that was paid for.
    if len(prompts) < len(kept):
        missing = f"prompt {len(prompts) + 1}, {shorten(kept[len(prompts)].label)}, is missing"
        raise _refuse_prompts(prompts, kept, path, missing)
    for at, (prompt, old) in enumerate(zip(prompts, kept, strict=False)):
        difference = _find_difference(prompt, old, at + 1)
        if difference:
            raise _refuse_prompts(prompts, kept, path, difference)
        own, before = (
            recordable_parameters(prompt.parameters),
            recordable_parameters(old.parameters),
        )
        changes = find_changes(before, own)
        if changes and not may_change:
            what = f"{_name_prompt(prompt, at + 1)} had {describe_changes(before, changes)}"
            raise _refuse_prompts(prompts, kept, path, what, advice=", " + _HOW_TO_CHANGE)
        if changes:
            changed.append(at)
    return changed


def _refuse_prompts(
    prompts: Sequence[Prompt], kept: Sequence[Prompt], path: Path, what: str, *, advice: str = "."
) -> JournalError:
    return JournalError(
        f"'{path}' is the journal of another run: its {len(kept)} prompts are not these "
        f"{len(prompts)}; {what}. New ones are taken at the end only. Name its own prompts, or a "
        "new journal" + advice
    )


def _find_difference(prompt: Prompt, old: Prompt, number: int) -> str | None:
    place = _name_prompt(prompt, number)
    if isinstance(prompt, Item) and isinstance(old, Item):
        given, kept = (to_journal_form(item_to_dict(each)["item"]) for each in (prompt, old))
        if given != kept:
            return f"{place} was {shorten(kept)} and is {shorten(given)}"
    # Equal messages are the rule; only others pay for the conversion.
    elif prompt.messages != old.messages and to_journal_form(prompt.messages) != to_journal_form(
        old.messages
    ):
        was, is_ = old.label, prompt.label
        if was == is_:
            return f"{place} has other messages: {shorten(prompt.messages)}"
        return f"{place} was {shorten(was)} and is {shorten(is_)}"
    name = name_call(prompt, number)
    if name != old.custom_id:
        return f"{place} was called {shorten(old.custom_id)} and is called {shorten(name)}"
    return None


def refuse_changes_to_finished(
    plan: Plan, inputs: JournalInputs, changed: list[int], path: Path
) -> None:
    """Raise JournalError if the parameters of an answered prompt have changed."""
    for at in changed:
        call = plan.run.calls[at]
        if call.finished is None:
            continue
        before = recordable_parameters(inputs.prompts[at].parameters)
        changes = find_changes(before, recordable_parameters(plan.prompts[at].parameters))
        raise JournalError(
            f"'{path}' has what came of prompt {at + 1} ({call.custom_id!r}) already, with "
            f"{describe_changes(before, changes)}. Put that back, or name a new journal."
        )


def _name_prompt(prompt: Prompt, number: int) -> str:
    return prompt.place[0].lower() + prompt.place[1:] if prompt.place else f"prompt {number}"


def resume_note(plan: Plan, inputs: JournalInputs, changed: list[int], path: Path) -> str | None:
    """Return the journal line with what is new in a resumed run; None if nothing is.

    Raises
    ------
    JournalError
        If something in it cannot be written as JSON.
    """
    new = [*changed, *range(len(inputs.prompts), len(plan.prompts))]
    parameters = parameters_to_journal(plan.options, plan.endpoint.key)
    if not new and not find_changes(inputs.parameters, parameters):
        return None
    prompts = [prompt_to_dict(plan.prompts[at], at + 1, plan.endpoint) for at in new]
    try:
        return encode_resume_note(parameters, prompts)
    except (TypeError, ValueError) as error:
        raise JournalError(
            f"The journal '{path}' cannot hold what is new: {error}. Give prompts and parameters "
            "as JSON has them: texts, numbers, lists and dictionaries."
        ) from None


def encode_resume_note(parameters: dict[str, Any], prompts: list[dict[str, Any]]) -> str:
    """Return the journal line that introduces new prompts or parameters."""
    return encode({"aiml_nb_resumed": 1, "parameters": parameters, "prompts": prompts})
