"""Files as tables: every line of CSV, JSONL, JSON or text, every row of Excel and Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .cells import is_missing
from .delimiters import MisreadError, name_columns
from .files import PARQUET, TABLES, WORKBOOKS, read_text, split_items
from .rows import Row, Rows, only_field, rows_of
from .tables import first_cells, open_table
from .with_pandas import explain_elsewhere, read_table

# Quotes at the ends of a field are the table's own.
_MISPLACED = 'a misplaced quote (in a field each is written twice: "Say ""hello""")'


def read_rows(
    path: Path,
    fields: Sequence[str] = (),
    *,
    header: bool | None = None,
    encoding: str | None = None,
) -> Rows:
    """Return the rows of a file.

    Parameters
    ----------
    path
        The file; its suffix tells the format.
    fields
        What is asked for by name, by which the delimiter of CSV is found.
    header
        False for a table whose first line is a row: its columns are ``1``, ``2`` and on.
    encoding
        As in `prompts.read_prompts`.

    Raises
    ------
    ValueError
        If the file as a whole cannot be read, or holds no row.
    """
    source, kind = repr(str(path)), path.suffix.lower()
    if kind in WORKBOOKS + PARQUET:
        found = _from_pandas(path, first=2 if kind in WORKBOOKS else 1)
    else:
        text = read_text(path, encoding)
        is_csv = kind in TABLES or header is not None
        found = _from_csv(text, path, fields, header) if is_csv else _from_items(text, path, fields)
    if not found.rows:
        said = f"The file {source} has no row below its columns. Write one per prompt."
        raise ValueError(said + found.elsewhere)
    return found._replace(source=source)


def _from_pandas(path: Path, *, first: int) -> Rows:
    table = read_table(path)
    found = rows_of(table)
    rows = [
        Row(str(at), {name: None if is_missing(cell) else cell for name, cell in row.cells.items()})
        for at, row in enumerate(found.rows, first)
    ]
    if path.suffix.lower() in WORKBOOKS:  # rows that were emptied, not deleted
        rows = [row for row in rows if any(cell is not None for cell in row.cells.values())]
        found = found._replace(elsewhere=explain_elsewhere(table, path))
    return found._replace(rows=rows)


def _from_csv(text: str, path: Path, fields: Sequence[str], header: bool | None) -> Rows:
    rows = open_table(text, path, names=fields)
    if not rows:
        raise ValueError(f"The file {str(path)!r} is empty. Write one row per prompt.")
    first = first_cells(rows, path)
    if header is False:
        first = [str(number) for number in range(1, len(first) + 1)]
    else:
        del rows[0]
    columns = name_columns(first)
    return Rows(columns, [_row(line, cells, columns) for line, cells in rows], "line")


def _row(line: int, found: list[str] | MisreadError, columns: list[str]) -> Row:
    cells, problem = (found.cells, _MISPLACED) if isinstance(found, MisreadError) else (found, None)
    kept = dict.fromkeys(columns) | {
        name: cell or None for name, cell in zip(columns, cells, strict=False)
    }
    if any(map(str.strip, cells[len(columns) :])):
        problem = problem or "more fields than columns"
    return Row(str(line), kept, {}, problem)


def _from_items(text: str, path: Path, fields: Sequence[str]) -> Rows:
    rows, columns, unit = list[Row](), dict[str, None](), "line"
    for place, item in split_items(text, path):
        unit, _, number = place.lower().partition(" ")
        if isinstance(item, ValueError):
            rows.append(Row(number, {}, {}, str(item)))
            continue
        cells = _cells_of(item, fields)
        columns |= dict.fromkeys(cells)
        rows.append(Row(number, cells))
    return Rows(list(columns), rows, unit)


def _cells_of(item: object, fields: Sequence[str]) -> dict[str, Any]:
    if isinstance(item, Mapping):
        return {str(name): cell for name, cell in item.items()}
    return {only_field(fields, item): item}
