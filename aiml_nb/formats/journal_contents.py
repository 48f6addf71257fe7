"""The contents of a journal: its lines read back, the damaged ones listed instead of hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .journal import call_from_dict
from .journal_begin import BEGIN, check_head, read_head
from .journal_head import PROMPTS
from .journal_sections import (
    Record,
    Records,
    Section,
    resolve,
    split_sections,
    stand_in,
    taken_records,
)
from .line_file import LineFile
from .lines import decode, decode_edited, encode, split_lines
from .stored_records import CallLines, StoredRecords

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
    last
        The number of the last line that is not empty.
    """

    head: dict[str, Any]
    calls: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    sent: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    resumed: list[dict[str, Any]] = field(default_factory=list)
    damaged: tuple[int, ...] = ()
    torn: tuple[int, ...] = ()
    edited: tuple[int, ...] = ()
    takes_edited: bool = False
    sections: list[Section] = field(default_factory=list)
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    last: int = 0

    def add(self, record: dict[str, Any]) -> None:
        """Add one line that `_check_record` has passed."""
        if "aiml_nb_resumed" in record:
            self.resumed.append(record)
        elif "sent" in record:
            self.sent.setdefault(record["custom_id"], []).append(record)
        elif "timing" in record:
            self.calls[record["custom_id"]] = record  # type: ignore[index]


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
    lines = ((0, line) for line in split_lines(data))
    return _read(lines, path, None, takes_edited=takes_edited, may_be_empty=may_be_empty)


def read_stored(
    file: LineFile, path: Path, *, takes_edited: bool = False, may_be_empty: bool = False
) -> Contents:
    """Parse a journal as `read_lines` does, but for its prompts and answers: they stay in the file.

    `Contents.calls` reads them when they are asked for, and `Section.prompt_lines` tells where the
    prompts are. The file must be UTF-8.
    """
    lines = ((at, line.decode(errors="replace")) for at, line in file.lines())
    return _read(lines, path, file, takes_edited=takes_edited, may_be_empty=may_be_empty)


def _read(
    lines: Iterator[tuple[int, str]],
    path: Path,
    file: LineFile | None,
    *,
    takes_edited: bool,
    may_be_empty: bool,
) -> Contents:
    first = next(lines, (0, ""))[1]
    head, is_edited = read_head(first)
    found = Records(head, file)
    damaged, edited = list[int](), [1] if is_edited else []
    follow: dict[int, tuple[int, str]] = {}  # the line after each damaged one
    number = before = 1
    for number, (place, line) in enumerate(lines, start=2):
        if not line.strip():
            continue
        if damaged and damaged[-1] == before:
            follow[before] = number, line
        before = number
        record: Record | None = None
        try:
            if found.take(line, place):
                continue
            record = decode(line)
            _check_record(record)
        except ValueError:
            record = _read_edited(line)
            (damaged if record is None else edited).append(number)
            if not takes_edited or record is None:
                record = stand_in(line)
        if record:
            found.add(record)
    is_cut = number == 1 and (file is None or not first.endswith("\n"))
    contents = _contents_of(split_sections(found.records), file)
    if not (may_be_empty and is_cut and BEGIN.startswith(first[: len(BEGIN)])):
        check_head(contents, first, path, is_cut=is_cut)
    return replace(
        contents,
        damaged=tuple(damaged),
        torn=tuple(_find_torn(damaged, follow)),
        edited=tuple(edited),
        takes_edited=takes_edited,
        last=before,
    )


def _contents_of(sections: list[Section], file: LineFile | None) -> Contents:
    """Return the contents of the last section, with its prompts whole."""
    head, records = sections[-1].head, sections[-1].records[1:]
    taken: dict[str, dict[str, Any]] = {}
    if file is None and isinstance(prompts := head.get("prompts"), list):
        with suppress(IndexError, KeyError, TypeError, ValueError):  # refused by who reads them
            taken = taken_records(prompts, sections)
            head = head | {"prompts": [resolve(each, sections) for each in prompts]}
    contents = Contents(head, sections=sections, taken=taken)
    if file is not None:
        stored = StoredRecords(file, [each for each in records if isinstance(each, CallLines)])
        contents = replace(contents, calls=stored, sent=stored.sent)
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


def _find_torn(damaged: list[int], follow: dict[int, tuple[int, str]]) -> list[int]:
    """Return the damaged lines that were torn by a kill: the last, and those before a repair.

    The line that marks the repair may be cut off itself, by the next crash.

    Parameters
    ----------
    follow
        The line after each of them that has one: its number, and what stands in it.
    """
    torn: list[int] = []
    for number in reversed(damaged):
        following, text = follow.get(number, (0, REPAIRED))
        if text.rstrip() == REPAIRED.rstrip() or (
            following in torn and REPAIRED.startswith(text.removesuffix("\n"))
        ):
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
