"""A journal of several runs: a section each, which may take answers from those above it.

A section begins with a head (`journal.header`). Prompts of it that were answered above are there as
``{"custom_id", "from": [section, custom_id]}``; `resolve` returns such a prompt whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import chain
from typing import Any

from ..records import Call
from .journal import call_from_dict
from .journal_head import PROMPTS
from .line_file import LineFile
from .lines import decode
from .stored_records import CallLines, PromptLines, holds_prompts

Record = dict[str, Any]
# Stands for a head that cannot be read: nobody knows whose the lines below it are.
LOST_HEAD: Record = {"aiml_nb_journal": None}
_HEAD = '{"aiml_nb_journal"'
PROMPT_LINES = "prompt_lines"  # a member of heads in memory
_WITH_PROMPTS = frozenset({"aiml_nb_journal", "aiml_nb_resumed", PROMPTS})


class Records:
    """The records of a file on their way into its sections.

    Parameters
    ----------
    head
        The first.
    file
        Where those of calls, and prompts, are to stay; None if all are to be in memory.
    """

    def __init__(self, head: Record, file: LineFile | None) -> None:
        self.records, self._file = [head], file
        self._calls: CallLines | None = None
        self._prompts: PromptLines | None = None
        if file is not None:
            self._begin(head, 0)

    def take(self, line: str, place: int) -> bool:
        """Add the line at `place` if all of it can stay in the file; ValueError if damaged."""
        if self._file is None:
            return False
        if holds_prompts(line) and self._prompts is not None:
            self._prompts.add(decode(line)[PROMPTS], place)
            return True
        if line.startswith(_HEAD):
            head = decode(line)
            self.add(head)
            self._begin(head, place)
            return True
        if self._calls is None:
            self._calls = CallLines()
            self.records.append(self._calls)
        return self._calls.take(line, place)

    def add(self, record: Record) -> None:
        """Add a record that is in memory."""
        if self._calls is not None and not {"sent", "timing"}.isdisjoint(record):
            self._calls.add(record)
            return
        self.records.append(record)
        self._calls = None

    def _begin(self, head: Record, place: int) -> None:
        """Begin a section: its head tells where its prompts are."""
        if self._file is not None:
            self._prompts = head[PROMPT_LINES] = PromptLines(self._file)
            if head.get("prompts"):
                self._prompts.add(0, place)
                head["prompts"] = []


class Section:
    """The records of one run, its head first."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    @property
    def prompt_lines(self) -> PromptLines | None:
        """Where its prompts are, if they are not in memory."""
        return self.records[0].get(PROMPT_LINES) if self.records else None

    @cached_property
    def head(self) -> Record:
        """Its first record, with all prompts of the lines that follow it."""
        head, *rest = self.records or [{}]
        more = [record.get("prompts") or () for record in rest if PROMPTS in record]
        if not more or not isinstance(head.get("prompts"), list):
            return head
        return head | {"prompts": [*head["prompts"], *chain.from_iterable(more)]}

    @cached_property
    def prompts(self) -> dict[str, Record]:
        """Its prompts by name: those of the head, and those that were added later."""
        prompts: dict[str, Record] = {}
        for record in self.records:
            if not _WITH_PROMPTS.isdisjoint(record):
                prompts |= {each["custom_id"]: each for each in record.get("prompts") or ()}
        return prompts

    @cached_property
    def calls(self) -> dict[str, Record]:
        """The newest record of each finished call, by name."""
        return {each["custom_id"]: each for each in self.records if "timing" in each}


def split_sections(records: Iterable[Record]) -> list[Section]:
    """Return the section of each run.

    A head that was cut off by the death of the process begins none: nothing was sent for it.
    """
    sections: list[Section] = []
    is_open = False  # below a head that cannot be read: the next line tells whether it was cut off
    for record in records:
        if is_open and "aiml_nb_repaired" not in record:
            sections.append(Section())
        is_open = record.get("aiml_nb_journal", record) is None and bool(sections)
        if is_open:
            continue
        if "aiml_nb_journal" in record or not sections:
            sections.append(Section())
        sections[-1].records.append(record)
    return sections


def stand_in(line: str) -> Record | None:
    """Return what stands for a damaged line among the records: `LOST_HEAD` for a head, or None."""
    return LOST_HEAD if line.startswith(_HEAD) else None


def resolve(prompt: Record, sections: list[Section]) -> Record:
    """Return a prompt whole, with what the section holds that it was taken from.

    Raises
    ------
    IndexError, KeyError, TypeError, ValueError
        If there is no such prompt.
    """
    if "from" not in prompt:
        return prompt
    number, name = prompt["from"]
    there: Record = sections[number].prompts[name]
    return there | prompt


def taken_records(prompts: object, sections: list[Section]) -> dict[str, Record]:
    """Return the records of the answers that prompts of a head were taken from, by custom_id.

    Raises
    ------
    IndexError, KeyError, TypeError, ValueError
        If one is not there.
    """
    return {
        each["custom_id"]: sections[each["from"][0]].calls[each["from"][1]]
        for each in (prompts if isinstance(prompts, list) else ())
        if isinstance(each, dict) and "from" in each
    }


def taken_call(record: Mapping[str, Any], *, prompt: str) -> Call:
    """Return the call of an earlier run as a later one takes it: its answer, without its times.

    Raises
    ------
    ValueError
        If it is not the line of a call.
    """
    call = call_from_dict(record, prompt=prompt)
    call.submitted = call.started = call.first_token = call.finished = None
    call.attempts, call.children, call.invalid_usage = [], [], None
    call.from_journal = True
    return call
