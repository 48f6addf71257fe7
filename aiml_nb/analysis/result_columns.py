"""What functions of the user's own returned, and typed answers, as columns of a table."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..formats.lines import dump
from ..formats.plain import plain_leaf_of, plain_result_of
from ..records import CHAT, WATCH, Call, Run
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


@dataclass(frozen=True, slots=True)
class ResultShape:
    """The columns of what was returned.

    Parameters
    ----------
    names
        What each is called, by the path to its cell in a value.
    kinds
        Their types, None for JSON.
    """

    names: dict[Path, str]
    kinds: dict[Path, str | None]

    def columns(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return the columns of some values."""
        return {
            name: _column([_get(value, path) for value in values], self.kinds[path])
            for path, name in self.names.items()
        }


class ResultValues:
    """What functions returned, or answers were read as, as plain data; read whenever asked for."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls

    def __iter__(self) -> Iterator[Any]:
        results = (call.result for call in self._calls)
        return (None if each is None else _plain(each) for each in results)


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
    values = [*ResultValues(run.calls)]
    return result_shape(run, values, taken=taken).columns(values)


def result_shape(run: Run, values: Iterable[Any], *, taken: Collection[str]) -> ResultShape:
    """Return the shape of the columns of `result_columns`.

    Parameters
    ----------
    values
        `ResultValues` of its calls; gone through three times.
    """
    asked = _asked_fields(run)
    if not asked and all(value is None for value in values):
        return ResultShape({}, {})
    paths = _paths_of(values, asked, are_chat=all(call.api == CHAT for call in run.calls))
    seen = {path: _Seen() for path in paths}
    for value in values:
        for path, each in seen.items():
            each.add(_get(value, path))
    kinds = {path: each.kind(paths[path]) for path, each in seen.items()}
    return ResultShape(_name_columns(paths, taken), kinds)


def _name_columns(paths: Iterable[Path], taken: Collection[str]) -> dict[Path, str]:
    names = {path: encodable(".".join(path)) for path in paths}
    if () in names:
        return {(): "result"}
    shown: dict[Path, str] = {}
    for path, name in names.items():
        others = {*taken, *shown.values()} | {each for each in names.values() if each != name}
        while name in others:
            name = f"result_{name}"
        shown[path] = name
    return shown


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


def _paths_of(
    values: Iterable[Any], asked: Mapping[Path, str | None], *, are_chat: bool
) -> dict[Path, str | None]:
    """Return the paths of all columns, with the types that were asked for; () for the whole value.

    Answers may have more than was asked for: computed members, or all where no schema is known.
    """
    if () in asked:
        return {(): asked[()]}
    paths = dict(asked)
    inner = {path[:n] for path in paths for n in range(1, len(path))}
    is_known = bool(paths)
    for value in values:
        if value is None:
            continue
        if not isinstance(value, dict):
            return {(): None}
        if are_chat:
            for path in _leaves(value, (), paths, inner, deep=not is_known):
                paths.setdefault(path, None)
        else:
            paths |= {(name,): None for name in value}
        if len(paths) > MAX_FIELDS:
            break
    return paths if 0 < len(paths) <= MAX_FIELDS else {(): None}


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


class _Seen:
    """What is in the cells of a column."""

    __slots__ = ("_largest", "_types")

    def __init__(self) -> None:
        self._types, self._largest = set[type](), 0

    def add(self, value: Any) -> None:
        """Note a cell."""
        if value is not None:
            self._types.add(type(value))
            if type(value) is int:
                self._largest = max(self._largest, abs(value))

    def kind(self, expected: str | None) -> str | None:
        """Return the type of the column, `expected` if all cells fit; None for JSON."""
        types = self._types
        if expected is not None and types <= {*_FITTING[expected]}:
            kind: str | None = expected
        elif types == {int, float}:
            kind = "Float64"
        else:
            kind = _KINDS.get(next(iter(types), str)) if len(types) < 2 else None
        bound = {"Int64": _LARGEST, "Float64": _LARGEST_FLOAT}.get(kind or "")
        return None if bound and self._largest >= bound else kind


def _column(values: list[Any], kind: str | None) -> Any:
    if kind is not None:
        return column(values, kind)
    return column([None if value is None else dump(value) for value in values], "string")
