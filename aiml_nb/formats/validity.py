"""Whether records that were read from a file are what records must be."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints


def check_record(record: object) -> None:
    """Raise ValueError unless all members of a record, and of those in it, have their types.

    Parameters
    ----------
    record
        One of those in `records`. Its numbers must be finite.
    """
    kind: Any = type(record)
    for name, hint in _members(kind).items():
        value = getattr(record, name)
        if get_origin(hint) is list:
            if not isinstance(value, list):
                raise ValueError(f"{name} must be a list; not {value!r}.")
            kind = get_args(hint)[0]
            for item in value:
                if is_dataclass(kind):
                    check_record(item)
                elif not isinstance(item, kind):
                    raise ValueError(f"{name} cannot hold {item!r:.60}.")
        elif not _fits(value, hint):
            raise ValueError(f"{name} cannot be {value!r:.60}.")


@cache
def _members(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {member.name: hints[member.name] for member in fields(kind)}


def _fits(value: object, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is dict:
        return isinstance(value, dict)
    kinds = tuple(get_origin(kind) or kind for kind in get_args(hint) or (hint,))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return isinstance(value, kinds)
    return (float in kinds or type(value) in kinds) and math.isfinite(value)
