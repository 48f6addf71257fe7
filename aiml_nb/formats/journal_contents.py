"""The contents of a journal: its lines read back, the damaged ones listed instead of hidden."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import JournalError
from .journal import PROMPTS, VERSION, call_from_dict
from .journal_sections import Section, resolve, split_sections, stand_in, taken_records
from .lines import decode, decode_edited, encode, split_lines

# Written after a torn line, to tell it from damage: the run was resumed there.
REPAIRED = encode({"aiml_nb_repaired": 1})


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of a journal: of its last run, and of those before it.

    Parameters
    ----------
    head
        The first line of the run.
    calls
        The newest record of each finished call, by custom_id.
    sent
        The attempts of each call that were about to be sent, by custom_id.
    resumed
        What was changed when the run was resumed, in the order written: see `runner.changes`.
    damaged
        The numbers of the lines that are cut off or damaged, and skipped.
    torn
        Those of them that were being written when the process was killed.
    edited
        The numbers of the lines that can be read, but were edited since they were written.
    takes_edited
        Whether the records in those lines are used.
    sections
        All runs of the file, the last one included.
    taken
        The records of the runs before from which this one takes its answers, by its own custom_id.
    """

    head: dict[str, Any]
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    resumed: list[dict[str, Any]] = field(default_factory=list)
    damaged: tuple[int, ...] = ()
    torn: tuple[int, ...] = ()
    edited: tuple[int, ...] = ()
    takes_edited: bool = False
    sections: list[Section] = field(default_factory=list)
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, record: dict[str, Any]) -> None:
        """Add one line that `_check_record` has passed."""
        if "aiml_nb_resumed" in record:
            self.resumed.append(record)
        elif "sent" in record:
            self.sent.setdefault(record["custom_id"], []).append(record)
        elif "timing" in record:
            self.calls[record["custom_id"]] = record


def read_lines(
    data: bytes, path: Path, *, takes_edited: bool = False, may_be_empty: bool = False
) -> Contents:
    """Parse a journal; lines that are cut off or damaged are skipped and counted.

    Parameters
    ----------
    takes_edited
        True also uses records whose checksums do not match, such as those changed in an editor.
    may_be_empty
        True takes a file that ends in its first line, as when the process was killed while it wrote
        that: nothing was sent.

    Raises
    ------
    JournalError
        If the first line is not that of a journal, cannot be read, or is of another version.
    """
    first, *lines = split_lines(data)
    head, is_edited = _read_head(first)
    records = [head]
    damaged, edited = list[int](), [1] if is_edited else []
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        record: dict[str, Any] | None = None
        try:
            record = decode(line)
            _check_record(record)
        except ValueError:
            record = _read_edited(line)
            (damaged if record is None else edited).append(number)
            if not takes_edited or record is None:
                record = stand_in(line)
        if record:
            records.append(record)
    sections = split_sections(records)
    contents = _contents_of(sections)
    if not (may_be_empty and not lines and _BEGIN.startswith(first[: len(_BEGIN)])):
        _check_head(contents, first, path, is_cut=not lines)
    torn = _find_torn(damaged, [first, *lines])
    return replace(
        contents,
        damaged=tuple(damaged),
        torn=tuple(torn),
        edited=tuple(edited),
        takes_edited=takes_edited,
    )


def _contents_of(sections: list[Section]) -> Contents:
    """Return the contents of the last section, with its prompts whole."""
    head, records = sections[-1].head, sections[-1].records[1:]
    taken: dict[str, dict[str, Any]] = {}
    if isinstance(prompts := head.get("prompts"), list):
        with suppress(IndexError, KeyError, TypeError, ValueError):  # refused by who reads them
            taken = taken_records(prompts, sections)
            head = head | {"prompts": [resolve(each, sections) for each in prompts]}
    contents = Contents(head, sections=sections, taken=taken)
    for record in records:
        contents.add(record)
    return contents


_MARKS = frozenset(
    {"aiml_nb_end", "aiml_nb_repaired", "aiml_nb_journal", "aiml_nb_resumed", PROMPTS}
)


def _check_record(record: dict[str, Any]) -> None:
    """Raise ValueError if a line is of no known kind."""
    if not _MARKS.isdisjoint(record):
        return
    if not isinstance(record.get("custom_id"), str) or not {"sent", "timing"} & record.keys():
        raise ValueError("The line is no record.")
    if "sent" in record and (
        type(record["sent"]) is not int or type(record.get("at")) not in {int, float}
    ):
        raise ValueError("The line is not that of an attempt.")


def _read_head(line: str) -> tuple[dict[str, Any], bool]:
    """Return the header, and whether it was edited."""
    try:
        return decode(line), False
    except ValueError:
        with suppress(ValueError):
            return decode_edited(line), True
    with suppress(ValueError, RecursionError):  # a journal of another version may have no checksums
        head = json.loads(line)
        if isinstance(head, dict) and head.get("aiml_nb_journal") != VERSION:
            return head, False
    return {}, False


def _find_torn(damaged: list[int], lines: list[str]) -> list[int]:
    """Return the damaged lines that were torn by a kill: the last, and those before a repair.

    The line that marks the repair may be cut off itself, by the next crash.
    """
    torn: list[int] = []
    for number in reversed(damaged):
        after = [(n, line) for n, line in enumerate(lines[number:], number + 1) if line.strip()]
        following, text = after[0] if after else (0, REPAIRED)
        if text.rstrip() == REPAIRED.rstrip() or (following in torn and REPAIRED.startswith(text)):
            torn.insert(0, number)
    return torn


def _read_edited(line: str) -> dict[str, Any] | None:
    """Return a record whose checksum does not match; None if the line is not a record."""
    try:
        record = decode_edited(line)
        _check_record(record)
        if "timing" in record:
            call_from_dict(record)
    except ValueError:
        return None
    return record


def _check_head(contents: Contents, first: str, path: Path, *, is_cut: bool) -> None:
    """Raise JournalError, with the reason, if the file does not begin with a header."""
    version = contents.head.get("aiml_nb_journal")
    if version == VERSION:
        return
    if "aiml_nb_journal" in contents.head:
        raise JournalError(
            f"'{path}' is a journal of version {version!r}, and {VERSION} is expected. Go on "
            "with the aiml_nb that wrote it, or name a new journal."
        )
    if len(contents.sections) > 1:
        raise JournalError(
            f"'{path}' cannot be gone on with: the line with which its last run begins is damaged. "
            "Put that line back from a copy, or start a new run with a new journal."
        )
    if is_cut and first[: len(_BEGIN)] == _BEGIN[: len(first)]:
        raise JournalError(
            f"'{path}' ends in its first line: that run was cut off before anything was sent. "
            "Start the run again with another journal, or delete this file first."
        )
    if contents.calls or contents.sent or _BEGIN[2:-3] in first:
        raise JournalError(
            f"'{path}' cannot be gone on with: its first line is damaged, which holds the run's "
            f"settings and prompts. Calls whose records below it are whole: {len(contents.calls)}. "
            "Put the first line back from a copy, or start a new run with a new journal."
        )
    raise JournalError(f"'{path}' is not a journal: its first line is not that of one.")


_BEGIN = '{"aiml_nb_journal": '
