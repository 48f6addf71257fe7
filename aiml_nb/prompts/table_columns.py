"""The columns of a table: which of them has the prompts, and which their ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ..messages import Message, either
from .delimiters import ID_NAMES, PROMPT_NAMES, normalize


class Table(NamedTuple):
    """The layout of a table.

    Parameters
    ----------
    names
        The names of the columns as written; empty if the first row is a prompt.
    columns
        The same, each once.
    width
        The number of columns in the first row.
    sample
        The first rows below the header.
    """

    path: Path
    delimiter: str
    names: list[str]
    columns: list[str]
    width: int
    sample: list[list[str]]

    @property
    def longest_column(self) -> int:
        """The index of the column with the longest texts, most likely the prompts."""
        columns = range(self.width)
        return max(
            columns, key=lambda at: sum(len(row[at]) for row in self.sample if at < len(row))
        )

    def row_of(self, cells: list[str]) -> dict[str, Any] | None:
        """Return the user's own row; None for columns without names."""
        if not self.names:
            return None
        return {name: cell or None for name, cell in zip(self.columns, cells, strict=False)}

    def __str__(self) -> str:
        if not self.names:
            return f"'{self.path}' has {self.width} columns and no header"
        return f"'{self.path}' has the columns {', '.join(map(repr, self.names))[:200]}"


def find_column(table: Table, column: str | int | None) -> int:
    """Return the index of the prompts' column."""
    if column is None:
        return _find_prompts(table)
    columns = _find_columns(table, column) if isinstance(column, str) else []
    if not columns and str(column).isdecimal() and 1 <= int(column) <= table.width:
        return int(column) - 1
    if not columns:
        raise ValueError(
            f"{table}, and no column {column!r}. Give its name, or its number from 1 to "
            f"{table.width}."
        )
    return _require_single(columns, table)


def _find_prompts(table: Table) -> int:
    for name in PROMPT_NAMES:
        if columns := _find_columns(table, name):
            return _require_single(columns, table)
    if table.width == 1 and not _find_columns(table, *ID_NAMES):
        return 0
    if not table.names:
        raise ValueError(
            f"{table}. Say which one has the prompts: "
            + _as_column(table.longest_column + 1)
            + ". A file with a prompt on each line and nothing else is called "
            f"'{table.path.with_suffix('.txt')}'."
        )
    longest = table.names[table.longest_column]
    likely, asked = _as_column(repr(longest)), f"'Summarise: {{{longest}}}'"
    raise ValueError(
        f"{table}, and none is called 'prompt'. Say which of them has the prompts: "
        + likely
        + "; or what to ask of each row: "
        + Message(f"prompt={asked}", f"--prompt {asked}")
        + "."
    )


def _as_column(name: object) -> Message:
    return either(f"column={name}", f"--column {name}")


def _find_columns(table: Table, *names: str) -> list[int]:
    exact = [at for at, each in enumerate(table.names) if each in names]
    known = set(map(normalize, names))
    return exact or [at for at, each in enumerate(table.names) if normalize(each) in known]


def _require_single(columns: list[int], table: Table) -> int:
    if len(columns) > 1:
        numbers = " and ".join(str(at + 1) for at in columns)
        raise ValueError(
            f"{table}, and number {numbers} are both called {table.names[columns[0]]!r}. Rename "
            "one, or say which of them is meant: " + _as_column(columns[0] + 1) + "."
        )
    return columns[0]


def find_id(table: Table, *, but: int) -> int | None:
    """Return the index of the column with the prompts' ids, None if there is none."""
    for name in ID_NAMES:
        columns = [at for at in _find_columns(table, name) if at != but]
        if len(columns) > 1:
            raise ValueError(f"{table}, and more than one is called {name!r}. Rename the others.")
        if columns:
            return columns[0]
    return None
