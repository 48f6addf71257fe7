"""Read an open journal: into memory, or so that its texts stay in the file."""

from __future__ import annotations

import os
from pathlib import Path

from .journal_contents import Contents, read_lines, read_stored
from .journal_sections import Section
from .line_file import LineFile


def read_journal(
    handle: int, path: Path, *, stored: bool = False, **how: bool
) -> tuple[Contents, bool]:
    """Return the contents of an open journal, and whether its last line has an end.

    Parameters
    ----------
    stored
        Read it as `read_stored`, if it is as it was written; else, and without, as `read_lines`.
    **how
        As there.
    """
    if stored:
        file = LineFile(os.fdopen(os.dup(handle), "rb"))
        if file.is_plain():
            contents = read_stored(file, path, **how)
            if not any(map(_needs_memory, contents.sections)):
                return contents, file.has_end()
    with open(handle, "rb", closefd=False) as whole:
        whole.seek(0)
        data = whole.read()
    return read_lines(data, path, **how), data.endswith((b"\n", b"\r"))


def _needs_memory(section: Section) -> bool:
    """Say whether a section has prompts that were changed later, or are none, or of others."""
    if any(record.get("prompts") for record in section.records if "aiml_nb_resumed" in record):
        return True
    lines = section.prompt_lines
    return lines is not None and any(
        not {"from", "item"}.isdisjoint(each) for line in lines for each in line
    )
