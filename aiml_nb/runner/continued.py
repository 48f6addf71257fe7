"""Go on with the journal of earlier runs: what is answered there is not asked again.

Answers are found by content: where and what was asked, with which model and parameters; of equal
prompts the first answer belongs to the first, and so on. So prompts may be added, changed, removed
and put in another order. `resume` is for the unfinished run itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from ..errors import JournalError
from ..formats.journal import are_simulated
from ..formats.journal_contents import Contents
from ..formats.journal_head import head_lines
from ..formats.journal_sections import Record, Section, resolve, taken_call
from ..messages import argument
from ..printable import say
from ..records import INVALID_ANSWER, Call
from ..typed import Reader, reread
from .content_keys import content_keys, describe_difference, keys_in
from .functions.function import Function
from .journal import Journal
from .journal_lines import explained, head_of_plan
from .journal_summary import ANSWERED, is_whole, refuse_damage
from .plan import Plan
from .same_run import resume_same
from .typed_answers import own_reader


@dataclass(slots=True)
class _Found:
    """What the journal holds of the prompts of a plan."""

    answers: dict[int, Call] = field(default_factory=dict)
    sources: dict[int, tuple[int, str]] = field(default_factory=dict)
    failed: int = 0
    code_changed: bool = False
    lost: list[str] = field(default_factory=list)
    difference: str = ""  # of what its last run asked of all prompts


def continue_journal(plan: Plan) -> tuple[Journal | None, Plan]:
    """Open the journal of a plan if there is one already, and take the answers from it.

    Returns
    -------
    tuple
        The journal, locked, and the plan with the line that begins the run in it; or None and the
        plan as it is, if the journal is new or there is none.

    Raises
    ------
    JournalError
        If the file is no journal, is in use, or is damaged.
    """
    path = plan.options.journal
    if path is None or not os.path.lexists(path):
        return None, plan
    if plan.texts is not None and not plan.fresh and (same := _continue_same(plan, path)):
        return same
    journal, contents = Journal.reopen(path, may_be_empty=True)
    try:
        head = head_of_plan(plan)
        if plan.fresh:
            head["fresh"] = True
        else:
            refuse_damage(contents, path, or_fresh=True)
            found = _find_answers(plan, head, contents, path)
            for index, call in found.answers.items():
                plan.run.calls[index] = call
            sources = found.sources.values()
            lines = [contents.sections[number].calls[name] for number, name in sources]
            plan.run.simulated |= are_simulated(lines)  # of a function's calls
            head["prompts"] = [*_prompts_of_head(head["prompts"], found, contents.sections)]
            say(plan.speak(_describe(plan, found, path)))
        return journal, replace(plan, note="".join(explained(head_lines(head), path)))
    except BaseException:
        journal.close_without_writing()
        raise


def _continue_same(plan: Plan, path: Path) -> tuple[Journal, Plan] | None:
    """Go on with a large run whose journal is of the same prompts; None if it is of others."""
    journal, contents = Journal.reopen(path, may_be_empty=True, stored=True)
    try:
        resumed = resume_same(plan, journal, contents, path)
        if resumed is not None:
            refuse_damage(contents, path, or_fresh=True)
            left, calls = len(resumed.unfinished), len(plan.run.calls)
            say(plan.speak(_describe_same(path, left, calls, _words_of(plan))))
            return journal, resumed
    except BaseException:
        journal.close_without_writing()
        raise
    journal.close_without_writing()
    return None


class _Words(NamedTuple):
    """What the inputs of a run are called, and what becomes of them."""

    prompts: str = "prompts"
    answered: str = "answered"
    sent: str = "sent"
    sends: str = "sends"


def _words_of(plan: Plan) -> _Words:
    is_function = isinstance(plan.endpoint, Function)
    return _Words("items", "done", "run", "runs") if is_function else _Words()


def _describe_same(path: Path, left: int, calls: int, words: _Words) -> str:
    again = argument("fresh", True)
    text = f"Journal '{path}': "
    if not left:
        text += f"all {calls:,} {words.prompts} are {words.answered} there, and nothing is "
        return text + f"{words.sent}. " + again + f" {words.sends} them again."
    text += f"{calls - left:,} of {calls:,} {words.prompts} are {words.answered} there, and "
    return text + f"{left:,} are {words.sent}. " + again + f" {words.sends} all of them."


def _find_answers(plan: Plan, head: Record, contents: Contents, path: Path) -> _Found:
    """Return the answers that the journal has to the prompts of the plan."""
    try:
        known = dict(keys_in(contents.sections))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise JournalError(
            f"'{path}' holds records, but not what is needed to go on: the settings and every "
            "prompt's messages. Name the journal that the run itself wrote, or another file."
        ) from None
    found, model = _Found(), head["settings"]["model"]
    settings = head["settings"] | {"model": plan.run.model if model is None else model}
    begun = [each.head["settings"] for each in contents.sections if each.head.get("settings")]
    if begun:
        found.difference = describe_difference(begun[-1], settings)
    asked = content_keys(head["prompts"], settings, settings["parameters"])
    for call, key in zip(plan.run.calls, asked, strict=True):
        if key not in known:
            continue
        number, name = known[key]
        record = contents.sections[number].calls.get(name)
        if record is None:
            found.lost.append(call.custom_id)
        elif (answer := _answer_of(record, call, own_reader(plan, call))) is None:
            found.failed += 1
        else:
            found.answers[call.index] = answer
            found.sources[call.index] = number, name
            code = contents.sections[number].head["settings"].get("code")
            # Journals of early versions do not tell.
            found.code_changed |= code is not None and code != head["settings"].get("code")
    return found


def _answer_of(record: Record, call: Call, reader: Reader | None) -> Call | None:
    """Return the answer in a record as that of `call`; None if it is none.

    Parameters
    ----------
    reader
        Reads it as the class that was given: it may fit where it did not, or no longer.
    """
    is_invalid = (record.get("error") or {}).get("code") == INVALID_ANSWER
    if record["timing"]["outcome"] not in ANSWERED and not (reader and is_invalid):
        return None
    with suppress(ValueError):
        answer = taken_call(record, prompt=call.prompt)
        if reader is not None:
            reread(answer, reader)
        if is_whole(answer):
            answer.index, answer.custom_id = call.index, call.custom_id
            answer.parameters, answer.row = call.parameters, call.row
            return answer
    return None


def _prompts_of_head(
    prompts: list[Record], found: _Found, sections: list[Section]
) -> Iterator[Record]:
    """Yield the prompts for the head of a section: of the answered ones where they are found."""
    for index, prompt in enumerate(prompts):
        if index not in found.sources:
            yield prompt
            continue
        number, name = found.sources[index]
        there = resolve(sections[number].prompts[name], sections)
        own = {n: each for n, each in prompt.items() if n not in there or there[n] != each}
        if "row" in there and "row" not in prompt:  # asked from a list this time
            own["row"] = None
        yield {"custom_id": prompt["custom_id"], "from": [number, name], **own}


def _describe(plan: Plan, found: _Found, path: Path) -> str:
    """Say what is taken from the journal, and what is sent."""
    calls, taken, left = len(plan.run.calls), len(found.answers), len(plan.unfinished)
    words, text = _words_of(plan), f"Journal '{path}': "
    if not left:
        text += f"all {calls:,} {words.prompts} are {words.answered} there, and nothing is "
        text += f"{words.sent}. " + _describe_code(plan, found)
        return text + argument("fresh", True) + f" {words.sends} them again."
    if not taken and not found.failed and not found.lost:
        other = f" Its last run had {found.difference}." if found.difference else ""
        text += f"none of these {calls:,} {words.prompts} is {words.answered} there."
        return text + other + f" All are {words.sent}."
    billed = ", perhaps billed" if plan.endpoint.may_cost else ""
    counts = {
        "new or changed": left - found.failed - len(found.lost),
        "that failed or broke off": found.failed,
        f"that had been in flight{billed}": len(found.lost),
    }
    sent = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    text += f"{taken:,} of {calls:,} {words.prompts} are {words.answered} there. "
    text += f"{words.sent.capitalize()}: {sent}. " + _describe_code(plan, found)
    return text + argument("fresh", True) + f" {words.sends} all of them."


def _describe_code(plan: Plan, found: _Found) -> str:
    if not found.code_changed:
        return ""
    return f"The code of {plan.endpoint.model} has changed since: what it returned is kept. "


@contextmanager
def opened_journal(
    plan: Plan, journal: Journal | None = None
) -> Iterator[tuple[Journal | None, Plan]]:
    """Open the journal of the plan if there is one, unless it is open; close it at the end."""
    if journal is None:
        journal, plan = continue_journal(plan)
    try:
        yield journal, plan
    finally:
        if journal is not None:
            journal.close_without_writing()  # no effect if it is closed
            if plan.texts is not None and journal.is_kept:
                plan.texts.close(journal)
