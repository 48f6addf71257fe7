"""Plain data of what a function takes or returns: what JSON can hold."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from typing import Any

_MISSING = frozenset({"NAType", "NaTType"})  # pandas' own


def plain_data_of(value: Any) -> Any:
    """Return what a function returned as JSON can hold it: models and dataclasses as objects.

    Numbers that JSON does not know become null, bytes that are no text base64, arrays and series
    lists, tables lists of rows, and all else that JSON does not know its ``repr``.

    Raises
    ------
    ValueError
        If it holds itself, or is nested too deeply.
    """
    from pydantic_core import to_jsonable_python

    if isinstance(value, Iterator):  # to read it would be to use it up
        return _plain_leaf(value)
    try:
        return to_jsonable_python(value, fallback=_plain_leaf, inf_nan_mode="null")
    except Exception:  # noqa: BLE001  one thing in it spoils the whole: take each by itself
        try:
            return _plain(value, ())
        except RecursionError:
            raise ValueError("it is nested too deeply") from None


def _plain(value: Any, outer: tuple[int, ...]) -> Any:
    if id(value) in outer:
        raise ValueError("it holds itself")
    outer = (*outer, id(value))
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    members = _members_of(value)
    if members is not None:
        return {_name(name): _plain(each, outer) for name, each in members.items()}
    if isinstance(value, list | tuple | Set):
        return [_plain(each, outer) for each in value]
    from pydantic_core import to_jsonable_python

    try:
        return to_jsonable_python(value, fallback=_plain_leaf, inf_nan_mode="null")
    except Exception:  # noqa: BLE001
        found = _plain_leaf(value)
        return _plain(found, outer) if isinstance(found, list) else found


def _members_of(value: Any) -> Mapping[Any, Any] | None:
    """Return what a mapping, a dataclass or a model of pydantic holds by name; None for others."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, type):
        return None
    if is_dataclass(value):
        return {each.name: getattr(value, each.name, None) for each in fields(value)}
    if isinstance(getattr(type(value), "model_fields", None), dict):
        return {name: getattr(value, name, None) for name in type(value).model_fields}
    return None


def _name(name: object) -> str:
    return name if isinstance(name, str) else str(_plain_leaf(name))


def _data_of_tables(value: Any, library: str) -> Any:
    """Return the elements of an array or a series, the rows of a table; None for all else."""
    if library in ("pandas", "polars", "pyarrow") and hasattr(value, "columns"):
        for name in ("to_dicts", "to_pylist"):
            if hasattr(value, name):
                return getattr(value, name)()
        return value.to_dict("records")
    for name in ("tolist", "to_list", "to_pylist"):
        if library in ("numpy", "pandas", "polars", "pyarrow", "torch") and hasattr(value, name):
            return getattr(value, name)()
    return None


def _plain_leaf(value: Any) -> Any:
    kind = type(value)
    if kind.__name__ in _MISSING:
        return None
    try:
        found = _data_of_tables(value, kind.__module__.partition(".")[0])
        if found is not None:
            return found
        return repr(value)
    except Exception:  # noqa: BLE001  a repr of the user's own
        return f"<{kind.__name__}>"
