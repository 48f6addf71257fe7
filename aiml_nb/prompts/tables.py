"""Prompts in a CSV table: find the header and the column of the prompts.

Both are decided by what the file says. If it does not say, the user is asked, since a wrong guess
would send the header as a prompt, or lose the first prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..messages import Message, either
from .delimiters import (
    DELIMITERS,
    MisreadError,
    Row,
    count_names,
    find_delimiter,
    name_columns,
    parse,
    read_sample,
)
from .prompt import Prompt, shorten
from .table_columns import Table, find_column, find_id

_SEP_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # Excel's own first line


def split_table(
    text: str, path: Path, *, header: bool | None = None, column: str | int | None = None
) -> Iterator[tuple[str, object]]:
    """Return the name of each row (``Line 3``) and its content, or a ValueError in its place.

    Parameters
    ----------
    text
        The content of the file.
    path
        The file, for messages.
    header
        Whether the first row names the columns; None finds out.
    column
        The prompts' column: its name, or its number from 1; None finds it by its name.

    Raises
    ------
    ValueError
        If the header or the column of the prompts is unclear, or the table cannot be read.
    """
    name = (column,) if isinstance(column, str) else ()
    text, delimiter, line = _find_table(text, path, name)
    rows = parse(text, delimiter, line=line)
    if not rows:
        raise ValueError(f"The prompts file {str(path)!r} is empty. Write one prompt per line.")
    first = first_cells(rows, path)
    if header is None and not count_names(first, name):
        raise ValueError(_explain_missing_header(first, path))
    has_header = header is not False
    names = [cell.strip() for cell in first] if has_header else []
    sample = read_sample(text, delimiter)[has_header:]
    table = Table(path, delimiter, names, name_columns(names), len(first), sample)
    at = find_column(table, column)
    id_at = find_id(table, but=at)
    if not rows[has_header:]:
        raise ValueError(f"{table}, and no line below them. Write one prompt per line.")
    return (_read_row(row, table, at, id_at) for row in rows[has_header:])


def open_table(text: str, path: Path, *, names: Sequence[str] = ()) -> list[Row]:
    """Return the rows of a table that are not blank; what separates their fields is found out."""
    text, delimiter, line = _find_table(text, path, names)
    return parse(text, delimiter, line=line)


def first_cells(rows: list[Row], path: Path) -> list[str]:
    """Return the cells of the first row, by which the others are understood.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    line, cells = rows[0]
    if isinstance(cells, MisreadError):
        raise ValueError(f"Line {line} of {str(path)!r} {cells}")
    return cells


def _find_table(text: str, path: Path, names: Sequence[str]) -> tuple[str, str, int]:
    """Return the text without Excel's own line, the delimiter, and the number of its first line."""
    sep_line = _SEP_LINE.match(text)
    if sep_line:
        return text[sep_line.end() :], sep_line[1], 2
    return text, find_delimiter(text, path, names=names), 1


def begins_with_header(text: str) -> bool:
    """Say whether a text is a table: its first line has two known names of columns."""
    samples = (read_sample(text.partition("\n")[0], each) for each in DELIMITERS)
    return any(rows and count_names(rows[0]) > 1 for rows in samples)


def _explain_missing_header(first: list[str], path: Path) -> Message:
    read = f"aiml_nb.prompts.read_prompts({str(path)!r}, "
    is_single = len(first) == 1
    begin, name = (first[0], first[0].strip()) if is_single else (first, "NAME")
    name = repr(name) if len(name) < 30 else "'NAME'"
    number = next((at for at, each in enumerate(first, 1) if not each.strip().isdecimal()), 1)
    more, option = ("", "") if is_single else (f", column={number}", f" --column {number}")
    return (
        f"{str(path)!r} begins with {shorten(begin)}: a prompt, or the header? If it is a prompt, "
        "say "
        + either(f"{read}header=False{more})", f"--no-header{option}")
        + ". If it has the name of the prompts' column, say "
        + either(f"{read}column={name})", f"--column {name}")
        + "."
    )


def _read_row(row: Row, table: Table, at: int, id_at: int | None) -> tuple[str, object]:
    line, cells = row
    name = f"Line {line}"
    if isinstance(cells, MisreadError):
        return name, cells
    if any(map(str.strip, cells[table.width :])):
        than = "the header" if table.names else "the first line"
        return name, ValueError(
            f"has more fields than {than}, which has {table.width}. Put a prompt with a "
            f"{DELIMITERS.get(table.delimiter, repr(table.delimiter))} in double quotes."
        )
    # Empty cells at the end of a row may be missing.
    cells += [""] * (table.width - len(cells))
    if not cells[at].strip():
        return name, ValueError("has no prompt in its column. Write one, or leave the line out.")
    return name, Prompt(
        messages=[{"role": "user", "content": cells[at]}],
        custom_id=None if id_at is None else cells[id_at].strip() or None,
        row=table.row_of(cells),
    )
