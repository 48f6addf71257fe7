"""Plain data of what a function takes or returns: what JSON can hold."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from typing import Any

_MISSING = frozenset({"NAType", "NaTType"})  # pandas' own
_LISTS = (list, tuple, Set, deque)
_ATOMS = frozenset({str, int, float, bool, bytes, type(None)})  # they hold nothing
_MAX_DEPTH = 50  # how far iterators are looked for; what is nested deeper is taken apart anyway
_redact: Callable[[Any], Any] = lambda value: value  # noqa: E731


_shown: ContextVar[list[str]] = ContextVar("shown")


def shown_in(value: Any) -> str | None:
    """Return how Python shows the first thing in a value of which nothing else can be written.

    None if all can be written. It raises as `plain_data_of`.
    """
    found: list[str] = []
    token = _shown.set(found)
    try:
        plain_data_of(value)
    finally:
        _shown.reset(token)
    return found[0] if found else None


def redact_with(redact: Callable[[Any], Any]) -> None:
    """Have `redact` take the keys that it knows out of what functions take and return."""
    global _redact
    _redact = redact


def without_keys(value: Any) -> Any:
    """Return plain data without the keys that are known."""
    return _redact(value)


def plain_result_of(value: Any) -> Any:
    """Return what a function returned as files and tables hold it: `plain_data_of`, without keys.

    A named tuple is an object, as its members are columns.

    Raises
    ------
    ValueError
        If it holds itself, or is nested too deeply.
    """
    names = getattr(type(value), "_fields", None)
    if isinstance(value, tuple) and isinstance(names, tuple):
        value = dict(zip(names, value, strict=False))
    return without_keys(plain_data_of(value))


def plain_data_of(value: Any) -> Any:
    """Return a value as JSON can hold it: models, dataclasses and attrs' classes as objects.

    Numbers that JSON does not know become null, bytes that are no text base64, arrays and series
    lists, tables lists of rows, and all else that JSON does not know its ``repr``. So do iterators,
    wherever they are: to read one would be to use it up.

    Raises
    ------
    ValueError
        If it holds itself, or is nested too deeply.
    """
    try:
        found = None if _holds_iterator(value) else _jsonable(value)
    except Exception:  # noqa: BLE001  one thing in it spoils the whole: take each by itself
        found = None
    if found is not None:
        return found
    try:
        return _plain(value, ())
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _jsonable(value: Any) -> Any:
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value, fallback=plain_leaf_of, inf_nan_mode="null")


def _holds_iterator(value: Any, depth: int = 0) -> bool:
    if isinstance(value, Iterator) or depth > _MAX_DEPTH:
        return True
    held: Iterable[Any] = ()
    if isinstance(value, _LISTS):
        held = value
    elif isinstance(value, dict) or not isinstance(value, Mapping):  # another may compute them
        held = (_members_of(value) or {}).values()
    if kinds := set(map(type, held)) - _ATOMS:
        return any(type(each) in kinds and _holds_iterator(each, depth + 1) for each in held)
    return False


def _plain(value: Any, outer: tuple[int, ...]) -> Any:
    if id(value) in outer:
        raise ValueError("it holds itself")
    outer = (*outer, id(value))
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, Iterator):
        return plain_leaf_of(value)
    if _is_model(value) and not _holds_iterator(value):
        with suppress(Exception):  # as the model itself writes its fields
            return _jsonable(value)
    members = _members_of(value)
    if members is not None:
        return {_name(name): _plain(each, outer) for name, each in members.items()}
    if isinstance(value, _LISTS):
        return [_plain(each, outer) for each in value]
    try:
        return _jsonable(value)
    except Exception:  # noqa: BLE001
        found = plain_leaf_of(value)
        return _plain(found, outer) if isinstance(found, list) else found


def _members_of(value: Any) -> Mapping[Any, Any] | None:
    """Return what a mapping, or an object of a class of data, holds by name; None for others."""
    kind = type(value)
    if isinstance(value, Mapping):
        return value
    if isinstance(value, type):
        return None
    if is_dataclass(value):
        return {each.name: getattr(value, each.name, None) for each in fields(value)}
    if _is_model(value):
        return _members_of_model(value)
    if isinstance(names := getattr(kind, "__attrs_attrs__", None), tuple):
        return {each.name: getattr(value, each.name, None) for each in names}
    return None


def _is_model(value: Any) -> bool:
    return isinstance(getattr(type(value), "model_fields", None), dict)


def _members_of_model(value: Any) -> dict[str, Any]:
    """Return the fields of a model of pydantic by the names under which it writes them itself."""
    kind = type(value)
    named = {
        name: field.serialization_alias or name
        for name, field in kind.model_fields.items()
        if not field.exclude
    }
    found = {shown: getattr(value, name, None) for name, shown in named.items()}
    return found | (getattr(value, "__pydantic_extra__", None) or {})


def _name(name: object) -> str:
    return name if isinstance(name, str) else str(plain_leaf_of(name))


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


def plain_leaf_of(value: Any) -> Any:
    """Return what stands for a value of which JSON knows nothing; never raise."""
    kind = type(value)
    if kind.__name__ in _MISSING:
        return None
    try:
        found = _data_of_tables(value, kind.__module__.partition(".")[0])
        if found is None and hasattr(kind, "__attrs_attrs__"):
            found = _members_of(value)
        if found is not None:
            return found
        text = repr(value)
    except Exception:  # noqa: BLE001  a repr of the user's own
        text = f"<{kind.__name__}>"
    _shown.get([]).append(text)
    return text
