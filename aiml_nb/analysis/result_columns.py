"""What functions of the user's own returned, as columns of a table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ..formats.lines import dump
from ..formats.plain import plain_data_of
from ..records import Call
from .frames import column, encodable

# More members than this are no columns: they stay together, as JSON.
_MAX_COLUMNS = 100
_KINDS = {bool: "boolean", int: "Int64", float: "Float64", str: "string"}
_LARGEST = 2**63


def result_columns(calls: Sequence[Call], *, taken: Collection[str]) -> dict[str, Any]:
    """Return the columns of what the functions of calls returned; none if nothing was.

    Dictionaries, dataclasses and models have a column for each of their members, by its name;
    other values one column, ``result``. Lists, and values of several types, are JSON.

    Parameters
    ----------
    taken
        The names of other columns: a member of that name gets ``result_`` before it.
    """
    if all(call.result is None for call in calls):
        return {}
    values = [_plain(call.result) for call in calls]
    told = [value for value in values if value is not None]
    names = list(dict.fromkeys(name for value in told if isinstance(value, dict) for name in value))
    if all(isinstance(value, dict) for value in told) and 0 < len(names) <= _MAX_COLUMNS:
        columns: dict[str, Any] = {}
        for name in names:
            shown = encodable(name)
            others = {*taken, *columns} | {each for each in names if each != name}
            while shown in others:
                shown = f"result_{shown}"
            columns[shown] = _column([value and value.get(name) for value in values])
        return columns
    return {"result": _column(values)}


def _plain(value: Any) -> Any:
    try:
        return plain_data_of(value)
    except ValueError:  # it holds itself
        return repr(value)


def _column(values: list[Any]) -> Any:
    types = {type(value) for value in values if value is not None}
    if types == {int, float}:
        types = {float}
    kind = _KINDS.get(next(iter(types), str)) if len(types) < 2 else None
    if kind == "Int64" and any(abs(value or 0) >= _LARGEST for value in values):
        kind = None
    if kind is not None:
        return column(values, kind)
    texts = (
        None if value is None else value if types == {str} else dump(value) for value in values
    )
    return column(list(texts), "string")
