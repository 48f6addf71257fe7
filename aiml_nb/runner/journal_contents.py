"""What a journal says: its lines read back, with those that are damaged counted, not hidden."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..errors import JournalError
from ..jsonl import VERSION, decode


@dataclass(frozen=True, slots=True)
class Contents:
    """What a journal says.

    Parameters
    ----------
    head
        Its first line.
    calls
        The newest record of each finished call, by custom_id.
    sent
        The attempts announced for each call, by custom_id.
    damaged
        The numbers of the lines that were cut off or damaged, and are passed over.
    """

    head: dict[str, Any]
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    damaged: tuple[int, ...] = ()

    def add(self, record: dict[str, Any]) -> None:
        """Take one line in; raise ValueError if it is that of nothing."""
        name = record.get("custom_id")
        if "aiml_nb_end" in record:
            return
        if not isinstance(name, str) or not {"sent", "timing"} & record.keys():
            raise ValueError("The line is no record.")
        if "sent" in record:
            if type(record["sent"]) is not int or type(record.get("at")) not in {int, float}:
                raise ValueError("The line is not that of an attempt.")
            self.sent.setdefault(name, []).append(record)
        else:
            self.calls[name] = record


def read_lines(data: bytes, path: Path) -> Contents:
    """Read a journal's bytes; lines that are cut off or damaged are passed over.

    Raises
    ------
    JournalError
        If the first line is not that of a journal, is damaged, or is of another version.
    """
    first, *lines = data.decode("utf-8", "replace").split("\n")
    try:
        head = decode(first)
    except ValueError:
        head = _read_other_version(first)
    contents = Contents(head)
    damaged = []
    for number, line in enumerate(lines, start=2):
        try:
            if line.strip():
                contents.add(decode(line))
        except ValueError:
            damaged.append(number)
    _check_head(contents, first, path, is_cut=not lines)
    return replace(contents, damaged=tuple(damaged))


def _check_head(contents: Contents, first: str, path: Path, *, is_cut: bool) -> None:
    """Raise JournalError if the file does not begin as a journal; say what is wrong with it."""
    version = contents.head.get("aiml_nb_journal")
    if version == VERSION:
        return
    if "aiml_nb_journal" in contents.head:
        raise JournalError(
            f"'{path}' is a journal of version {version!r}, and {VERSION} is expected. Go on "
            "with the aiml_nb that wrote it, or name a new journal."
        )
    if is_cut and first[: len(_BEGIN)] == _BEGIN[: len(first)]:
        raise JournalError(
            f"'{path}' ends in its first line: that run was cut off before anything was sent. "
            "Delete the file and start the run again."
        )
    if contents.calls or contents.sent or _BEGIN[2:-3] in first:
        raise JournalError(
            f"'{path}' cannot be gone on with: its first line is damaged, which holds the run's "
            f"settings and prompts. Calls whose records below it are whole: {len(contents.calls)}. "
            "Put the first line back from a copy, or start a new run with a new journal."
        )
    raise JournalError(f"'{path}' is no journal: its first line is not that of one.")


def _read_other_version(line: str) -> dict[str, Any]:
    """Read the head of a version that may write its checksums in another way."""
    with suppress(ValueError, RecursionError):
        head = json.loads(line)
        if isinstance(head, dict) and head.get("aiml_nb_journal") != VERSION:
            return head
    return {}


_BEGIN = '{"aiml_nb_journal": '
