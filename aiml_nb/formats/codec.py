"""The one dictionary form of a record: its fields by their names, checked where it is read.

`to_dict` makes it of a call, and `from_dict` makes a record of it. Each kind of file has it in its
own shape: `journal`, `results`, and the JSON of ``aiml-nb compare`` (`saved`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from ..records import CHAT, Attempt, Call, Run
from .plain import plain_data_of, plain_result_of, without_keys

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Record = TypeVar("Record", Call, Run)

# A call's row of a table is written where a whole row is, and read back by its name.
CALL_FIELDS = tuple(each.name for each in fields(Call) if each.name != "row")
STAMPS = ("submitted", "started", "first_token", "finished")
# Most calls lack these; files contain them only where a call has them.
OPTIONAL_FIELDS = ("api", "children", "result", "invalid_usage", "from_journal", "row")
_ATTEMPT_FIELDS = tuple(each.name for each in fields(Attempt) if each.name != "worker")
_values_of_call, _values_of_attempt = attrgetter(*CALL_FIELDS), attrgetter(*_ATTEMPT_FIELDS)
_MAX_INT = int(sys.float_info.max)  # the largest that a sum of floats can hold


def to_dict(call: Call) -> dict[str, Any]:
    """Return the fields of a call, and those of its attempts; values are not copied."""
    data = dict(zip(CALL_FIELDS, _values_of_call(call), strict=True))
    data["attempts"] = attempts_to_dicts(call)
    data["children"] = [to_dict(child) for child in call.children] if call.children else []
    if not call.from_journal:
        del data["from_journal"]
    if call.invalid_usage is None:
        del data["invalid_usage"]
    return data


def optional_fields(call: Call, *, texts: bool = True) -> dict[str, Any]:
    """Return the fields of `OPTIONAL_FIELDS` that a call has, as plain data; mostly none.

    Parameters
    ----------
    texts
        False leaves out what the function returned, or the answer was read as, and in the children
        every text.
    """
    data: dict[str, Any] = {}
    if call.api != CHAT:
        data["api"] = call.api
    if call.children:
        children = [to_dict(child) for child in call.children]
        data["children"] = children if texts else [without_words_of(child) for child in children]
    if texts and call.result is not None:
        with suppress(ValueError):  # what cannot be written as JSON is left out
            data["result"] = plain_result_of(call.result)
    if call.invalid_usage is not None:
        data["invalid_usage"] = call.invalid_usage
    if call.from_journal:
        data["from_journal"] = True
    return data


def own_row(row: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the user's own row of a table as plain data, as the member ``row``; none for none."""
    return {} if row is None else {"row": without_keys(plain_data_of(row))}


def without_words_of(data: dict[str, Any]) -> dict[str, Any]:
    """Return the dictionary of a call without prompts, answers and error messages."""
    none = {"prompt": "", "text": "", "error": None, "body": None, "result": None}
    children = [without_words_of(child) for child in data["children"]]
    return data | none | {"parameters": {}, "children": children}


def attempts_to_dicts(call: Call) -> list[dict[str, Any]]:
    """Return the fields of each attempt: what `dataclasses.asdict` does, twenty times as fast."""
    return [
        dict(zip(_ATTEMPT_FIELDS, _values_of_attempt(each), strict=True))
        | ({"worker": each.worker} if each.worker is not None else {})
        for each in call.attempts
    ]


def from_dict(kind: type[Record], data: Mapping[str, Any]) -> Record:
    """Return the record in `data`, checked.

    Parameters
    ----------
    kind
        `Call` or `Run`.
    data
        Its fields; missing ones get their defaults, and unknown ones are ignored. Calls of a run
        may be records already: they are taken as they are.

    Raises
    ------
    ValueError
        If a field is missing that has no default, or has another type. Numbers must be finite.
    """
    try:
        return _validators()[kind](data)  # type: ignore[no-any-return]
    except ValueError as error:
        details = getattr(error, "errors", None)
        if details is None:
            raise
        raise ValueError(_explain(details(include_url=False)[0])) from None


def _explain(error: ErrorDetails) -> str:
    place = ""
    for each in error["loc"]:
        place += f"[{each}]" if isinstance(each, int) else f".{each}"
    if error["type"] == "missing":
        return f"{place[1:]} is missing."
    return f"{place[1:] or 'It'} cannot be {error['input']!r:.60}."


@cache
def _validators() -> dict[type, Callable[[object], Any]]:
    """Return the validators of the records; built when first used, as pydantic loads slowly."""
    from pydantic import ConfigDict, TypeAdapter
    from pydantic_core import SchemaValidator

    # pydantic takes no config for a dataclass itself, but for a list of it.
    strict = ConfigDict(strict=True, allow_inf_nan=False)
    found: dict[type, Callable[[object], Any]] = {}
    for kind, listed in ((Call, list[Call]), (Run, list[Run])):
        schema: Any = TypeAdapter(listed, config=strict).core_schema
        _relax(schema)
        found[kind] = SchemaValidator(_of_one(schema)).validate_python
    return found


def _of_one(schema: Any) -> Any:
    """Return the schema of one item from that of a list; a call may have calls for children."""
    if schema["type"] == "definitions":
        return {**schema, "schema": schema["schema"]["items_schema"]}
    return schema["items_schema"]


def _relax(schema: Any) -> None:
    """Allow records from dictionaries, which a strict schema refuses; bound the integers."""
    if isinstance(schema, list):
        for each in schema:
            _relax(each)
    elif isinstance(schema, dict):
        kind = schema.get("type")
        if kind == "dataclass":
            schema["strict"] = False
        elif kind == "int":
            schema |= {"ge": -_MAX_INT, "le": _MAX_INT}
        elif kind == "list":
            schema["fail_fast"] = True
        for each in schema.values():
            _relax(each)
