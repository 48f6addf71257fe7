"""Columns of pandas tables, with their types. pandas is imported by the functions alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    import pandas as pd

_TYPES = {str: "string", int: "Int64", float: "Float64", bool: "boolean"}
_SURROGATES = re.compile("[\ud800-\udfff]")  # no encoding has them: writing the table would fail

# The rows of a table that is built from numbers: each column's value and its type.
Row = dict[str, tuple[Any, type]]


def column(values: Sequence[Any], kind: str) -> Any:
    """Return values as a pandas array of the type named `kind`; None is missing."""
    import pandas as pd

    if kind == "string":
        values = [None if value is None else encodable(value) for value in values]
    return pd.array(values, dtype=kind)  # type: ignore[call-overload]


def fields(records: Sequence[object], kind: type, names: Iterable[str]) -> dict[str, Any]:
    """Return attributes of records, all of one `kind`, as columns of the types that it declares."""
    return {
        name: column([getattr(record, name) for record in records], _type_of(kind, name))
        for name in names
    }


@cache
def _type_of(kind: type, name: str) -> str:
    """Return the type of the column for a field or a property, None or not."""
    declared = getattr(kind, name, None)
    if isinstance(declared, property):
        hint = get_type_hints(declared.fget)["return"]
    else:
        hint = get_type_hints(kind)[name]
    if get_origin(hint) is Literal:  # one of some names
        return _TYPES[str]
    return next(_TYPES[each] for each in (hint, *get_args(hint)) if each in _TYPES)


def frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return columns as a table."""
    import pandas as pd

    return pd.DataFrame(columns)


def frame_of(rows: Sequence[Row], names: Sequence[str] | None = None) -> pd.DataFrame:
    """Return rows as a table, with `names` as its index if there are any."""
    table = frame(
        {
            name: column([row[name][0] for row in rows], _TYPES[kind])
            for name, (_, kind) in rows[0].items()
        }
    )
    if names is not None:
        table.index = column(names, "string")
    return table


def encodable(text: str) -> str:
    """Return text that any file takes: without lone surrogates."""
    return text if text.isascii() else _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
