"""What functions of the user's own returned, and typed answers, as columns of a table."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..formats.lines import dump
from ..formats.plain import plain_leaf_of, plain_result_of
from ..records import CHAT, WATCH, Run
from ..typed.fields import MAX_FIELDS, Path, fields_of_format
from .frames import column, encodable

_KINDS = {bool: "boolean", int: "Int64", float: "Float64", str: "string"}
_FITTING: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "Int64": (int,),
    "Float64": (float, int),
    "string": (str,),
}
_MAX_FORMATS = 20  # of prompts with one of their own
_LARGEST, _LARGEST_FLOAT = 2**63, int(sys.float_info.max)


def result_columns(run: Run, *, taken: Collection[str]) -> dict[str, Any]:
    """Return the columns of what the functions of a run returned, or its answers were read as.

    Dictionaries, dataclasses and models have a column for each of their members, by its name;
    other values one column, ``result``. Lists, and values of several types, are JSON. Of typed
    answers, the members of members have columns of their own (``address.city``), and all columns
    are there whether or not any answer fits: ``response_format`` tells them. None if there is
    nothing of either.

    Parameters
    ----------
    taken
        The names of other columns: a member of that name gets ``result_`` before it.
    """
    asked = _asked_fields(run)
    if not asked and all(call.result is None for call in run.calls):
        return {}
    values = [_plain(call.result) for call in run.calls]
    told = [value for value in values if value is not None]
    if () in asked or not all(isinstance(value, dict) for value in told):
        return {"result": _column(values, asked.get(()))}
    paths = dict(asked)
    if all(call.api == CHAT for call in run.calls):
        _add_paths(told, paths)
    else:
        paths |= {(name,): None for value in told for name in value}
    if not 0 < len(paths) <= MAX_FIELDS:
        return {"result": _column(values)}
    columns: dict[str, Any] = {}
    names = {path: encodable(".".join(path)) for path in paths}
    for path, kind in paths.items():
        shown = names[path]
        others = {*taken, *columns} | {each for each in names.values() if each != shown}
        while shown in others:
            shown = f"result_{shown}"
        columns[shown] = _column([_get(value, path) for value in values], kind)
    return columns


def _asked_fields(run: Run) -> dict[Path, str | None]:
    """Return the fields that the requests of a run ask for; none if they ask for no type."""
    found: dict[Path, str | None] = {}
    if run.strategy == WATCH:  # the answers are the program's own
        return found
    seen = [run.parameters["response_format"]] if "response_format" in run.parameters else []
    for call in run.calls:
        own = call.parameters.get("response_format")
        if own is not None and own not in seen and len(seen) < _MAX_FORMATS:
            seen.append(own)
    for each in seen:
        found |= fields_of_format(each)
    return found


def _add_paths(values: Iterable[dict[str, Any]], paths: dict[Path, str | None]) -> None:
    """Add what answers have besides: computed members, or all of them where no schema is known."""
    inner = {path[:n] for path in paths for n in range(1, len(path))}
    is_known = bool(paths)
    for value in values:
        for path in _leaves(value, (), paths, inner, deep=not is_known):
            paths.setdefault(path, None)
            if len(paths) > MAX_FIELDS:
                return


def _leaves(
    value: Mapping[str, Any],
    outer: Path,
    paths: Mapping[Path, Any],
    inner: Collection[Path],
    *,
    deep: bool,
) -> Iterable[Path]:
    for name, each in value.items():
        path = (*outer, name)
        if path in paths:
            continue
        if isinstance(each, dict) and each and (deep or path in inner) and len(path) < 8:
            yield from _leaves(each, path, paths, inner, deep=deep)
        elif not (each is None and path in inner):
            yield path


def _get(value: Any, path: Path) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _plain(value: Any) -> Any:
    try:
        return plain_result_of(value)
    except ValueError:  # it holds itself, or is nested too deeply
        return plain_leaf_of(value)


def _column(values: list[Any], expected: str | None = None) -> Any:
    types = {type(value) for value in values if value is not None}
    if expected is not None and types <= {*_FITTING[expected]}:
        kind: str | None = expected
    elif types == {int, float}:
        kind = "Float64"
    else:
        kind = _KINDS.get(next(iter(types), str)) if len(types) < 2 else None
    bound = {"Int64": _LARGEST, "Float64": _LARGEST_FLOAT}.get(kind or "")
    if bound and any(type(value) is int and abs(value) >= bound for value in values):
        kind = None
    if kind is not None:
        return column(values, kind)
    texts = (
        None if value is None else value if types == {str} else dump(value) for value in values
    )
    return column(list(texts), "string")
