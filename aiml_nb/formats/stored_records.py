"""The records of a large journal, which stay in its file: by the names of their calls."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from .journal_head import PROMPTS
from .line_file import LineFile
from .lines import checked_text, parse

Record = dict[str, Any]
# How the lines of calls and of attempts begin, as `lines.encode_record` writes them.
_CALL = re.compile(r'\{"custom_id":("(?:[^"\\]|\\.)*"),"(response|sent)":')
_BEGINS_PROMPTS = f'{{"{PROMPTS}": ', f'{{"{PROMPTS}":'


class CallLines(dict[str, Any]):
    """Stands among the records of a section for many that follow each other: all those of calls.

    Attributes
    ----------
    places
        Where the newest record of each finished call begins, by its name.
    others
        Records that are not as they were written, and are in memory.
    sent
        The attempts that were sent after that, or without it.
    """

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.others: dict[str, Record] = {}
        self.sent: dict[str, list[Record]] = {}

    def add(self, record: Record) -> None:
        """Add a record that is in memory."""
        name = record["custom_id"]
        if "sent" in record:
            self.sent.setdefault(name, []).append(record)
            return
        self.places.pop(name, None)
        self.others[name] = record
        self.sent.pop(name, None)

    def take(self, line: str, place: int) -> bool:
        """Add the line at `place` if it is one of a call, whole and as it was written."""
        found = _CALL.match(line)
        if not found:
            return False
        text = checked_text(line)
        name = parse(found[1]) if "\\" in found[1] else found[1][1:-1]
        if found[2] == "sent":
            self.add(parse(text))
            return True
        self.places[name] = place
        self.others.pop(name, None)
        self.sent.pop(name, None)
        return True


class StoredRecords(Mapping[str, Record]):
    """The newest record of each finished call, by name; each is read when it is asked for."""

    def __init__(self, file: LineFile, parts: Sequence[CallLines]) -> None:
        self._file, self._parts = file, list(reversed(parts))

    def __getitem__(self, name: str) -> Record:
        for part in self._parts:
            if name in part.others:
                return part.others[name]
            if name in part.places:
                return self._file.record(part.places[name])
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(name in part.places or name in part.others for part in self._parts)

    def __iter__(self) -> Iterator[str]:
        names = (chain(part.places, part.others) for part in self._parts)
        return iter(dict.fromkeys(chain.from_iterable(names)))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def place_of(self, name: str) -> int | None:
        """Return where in the file the record begins; None if it is not there as it is used."""
        for part in self._parts:
            if name in part.others:
                return None
            if name in part.places:
                return part.places[name]
        return None

    @property
    def sent(self) -> dict[str, list[Record]]:
        """The attempts of calls that were sent after their records, or have none."""
        sent: dict[str, list[Record]] = {}
        for part in reversed(self._parts):
            for name in [*sent]:
                if name in part.places or name in part.others:
                    del sent[name]
            for name, records in part.sent.items():
                sent.setdefault(name, []).extend(records)
        return sent


class PromptLines:
    """Where the prompts of a section are: in which lines, and from which number on.

    Attributes
    ----------
    firsts, offsets
        Of each line the number of its first prompt, from 0, and where it begins.
    """

    def __init__(self, file: LineFile) -> None:
        self.file = file
        self.firsts, self.offsets = array("q"), array("q")

    def add(self, first: int, offset: int) -> None:
        """Add a line."""
        self.firsts.append(first)
        self.offsets.append(offset)

    def __iter__(self) -> Iterator[list[Record]]:
        """Yield the prompts of one line after the other."""
        return (self.file.record(offset)["prompts"] for offset in self.offsets)


def holds_prompts(line: str) -> bool:
    """Say whether a line is one of prompts."""
    return line.startswith(_BEGINS_PROMPTS)
