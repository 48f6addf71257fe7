"""The first line of a journal: read, or why it is not that of one."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import JournalError
from .journal import VERSION
from .lines import decode, decode_edited

if TYPE_CHECKING:
    from .journal_contents import Contents


def read_head(line: str) -> tuple[dict[str, Any], bool]:
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


def check_head(contents: Contents, first: str, path: Path, *, is_cut: bool) -> None:
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
    if is_cut and first[: len(BEGIN)] == BEGIN[: len(first)]:
        raise JournalError(
            f"'{path}' ends in its first line: that run was cut off before anything was sent. "
            "Start the run again with another journal, or delete this file first."
        )
    if contents.calls or contents.sent or BEGIN[2:-3] in first:
        raise JournalError(
            f"'{path}' cannot be gone on with: its first line is damaged, which holds the run's "
            f"settings and prompts. Calls whose records below it are whole: {len(contents.calls)}. "
            "Put the first line back from a copy, or start a new run with a new journal."
        )
    raise JournalError(f"'{path}' is not a journal: its first line is not that of one.")


BEGIN = '{"aiml_nb_journal": '
