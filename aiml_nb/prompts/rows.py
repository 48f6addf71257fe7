"""Tables as rows: of pandas, Polars, Arrow and whatever converts to them, and lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..messages import argument
from .prompt import shorten

# How pandas names an index in Parquet files; the index's own name follows.
INDEX_MARK = "__index_level_"


class Row(NamedTuple):
    """One row of a table.

    Parameters
    ----------
    place
        Where it stands, for messages: ``3`` of "line 3".
    cells
        By the names of the columns.
    label
        Its label in the index, by `INDEX_MARK`; empty if rows are only numbered.
    problem
        What is wrong with it, None if nothing is.
    """

    place: str
    cells: dict[str, Any]
    label: Mapping[str, Any] = {}
    problem: str | None = None


class Rows(NamedTuple):
    """The rows of a table, the names of its columns, and what its rows are called (``line``).

    Parameters
    ----------
    source
        The file, as it is quoted in messages.
    elsewhere
        Where else in the file what is missed may be, and how to read it: in other sheets.
    """

    columns: list[str]
    rows: list[Row]
    unit: str = "row"
    source: str = ""
    elsewhere: str = ""


def is_table(given: object) -> bool:
    """Say whether `given` is a table: of pandas, Polars, Arrow or one that converts to them."""
    if isinstance(given, type | Mapping) or is_series(given) or values_of(given) is not None:
        return False
    names = ("columns", "column_names", "__dataframe__", "__arrow_c_stream__")
    return any(hasattr(given, name) for name in names)


def is_series(given: object) -> bool:
    """Say whether `given` is a single column of pandas, or of a library that is like it."""
    return hasattr(given, "iloc") and hasattr(given, "index") and not hasattr(given, "columns")


def values_of(given: Any) -> list[Any] | None:
    """Return the values of a column of Polars or Arrow; None for anything else."""
    if hasattr(given, "columns") or hasattr(given, "column_names") or isinstance(given, type):
        return None
    if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
        for method in ("to_list", "to_pylist"):
            if hasattr(given, method):
                return list(getattr(given, method)())
    return None


def rows_of(given: object, fields: Sequence[str] = ()) -> Rows:
    """Return the rows of a table, a column, or a list of dictionaries or of values.

    Parameters
    ----------
    fields
        What is asked for by name: values that have no name are those of the only field.

    Raises
    ------
    TypeError
        If `given` is none of these.
    """
    if is_series(given):
        return _from_series(given, fields)
    if is_table(given):
        return _from_table(given)
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise TypeError(
            f"prompts must be a table, a list, or the name of a file of them; not "
            f"{shorten(given)}. Write a DataFrame, or [{{'review': 'a text'}}, …]."
        )
    listed = values_of(given) or list(given)
    if listed and all(isinstance(each, Mapping) for each in listed):
        rows = [{str(name): cell for name, cell in each.items()} for each in listed]
        columns = dict.fromkeys(name for each in rows for name in each)
        return Rows(list(columns), [Row(str(at), each) for at, each in enumerate(rows, 1)])
    name = only_field(fields, listed)
    return Rows([name], [Row(str(at), {name: each}) for at, each in enumerate(listed, 1)])


def only_field(fields: Sequence[str], listed: object) -> str:
    """Return the only field; raise ValueError if there are several, or none."""
    if len(fields) == 1:
        return fields[0]
    raise ValueError(
        argument("prompt")
        + f" has {len(fields)} fields, and prompts is a list of single values: {shorten(listed)}. "
        "Give a table with these columns, or a list of dictionaries."
    )


def _from_series(series: Any, fields: Sequence[str]) -> Rows:
    name = str(series.name) if series.name is not None else ""
    if name not in fields and len(fields) == 1:
        name = fields[0]
    labels = index_labels(series.index)
    cells = zip(series.tolist(), labels, strict=True)
    return Rows(
        [name], [_labelled({name: cell}, label, at) for at, (cell, label) in enumerate(cells)]
    )


def _from_table(table: Any) -> Rows:
    if hasattr(table, "iloc") and hasattr(table, "to_dict"):
        names = [str(name).strip() for name in table.columns]
        _check_names(names)
        if list(table.columns) != names:
            table = table.set_axis(names, axis=1)
        cells = zip(table.to_dict("records"), index_labels(table.index), strict=True)
        return Rows(names, [_labelled(row, label, at) for at, (row, label) in enumerate(cells)])
    for method in ("to_dicts", "to_pylist"):
        if hasattr(table, method):
            names = [*(table.column_names if hasattr(table, "column_names") else table.columns)]
            _check_names(names)
            listed = getattr(table, method)()
            return Rows(names, [Row(str(at), row) for at, row in enumerate(listed)])
    from .with_pandas import convert_table

    return _from_table(convert_table(table))


def _check_names(names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(
            f"prompts is a table with two columns called {twice!r}, and each is named once. "
            "Rename one of them."
        )


def _labelled(cells: dict[str, Any], label: Mapping[str, Any], at: int) -> Row:
    shown = next(iter(label.values())) if len(label) == 1 else tuple(label.values()) or at
    return Row(f"{shown!r}", cells, label)


def index_labels(index: Any) -> Iterable[Mapping[str, Any]]:
    """Return the label of each row; nothing for rows that are numbered from 0."""
    numbered = getattr(index, "start", None) == 0 and getattr(index, "step", None) == 1
    if numbered and index.name is None:
        return [{}] * len(index)
    names = [
        f"{INDEX_MARK}{at}__{'' if each is None else each}" for at, each in enumerate(index.names)
    ]
    if len(names) == 1:
        return ({names[0]: label} for label in index.tolist())
    return (dict(zip(names, label, strict=True)) for label in index.tolist())
