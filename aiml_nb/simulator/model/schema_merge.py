"""Merge two JSON schemas into one for the values that both allow."""

import math
from collections.abc import Callable, Mapping
from typing import Any

# Nested alternatives can grow exponentially; no useful schema has so many.
_MAX_ALL_OF = 100

# Keywords that cannot be merged: the second one is added to allOf.
_NOT_MERGED = ("$ref", "anyOf", "oneOf")


class SchemaError(ValueError):
    """No value can be made for a schema; the message says why, and may follow "because"."""


def merge_schemas(one: Any, other: Any) -> dict[str, Any]:
    """Return a schema that allows what both allow.

    Raises
    ------
    SchemaError
        If no value can satisfy both, as far as that is detected here.
    """
    merged = _read(one)
    for name, value in _read(other).items():
        if name not in merged:
            merged[name] = value
        elif merged[name] == value:
            continue
        elif name in _MERGERS:
            merged[name] = _MERGERS[name](merged[name], value)
        elif name in _NOT_MERGED:
            merged["allOf"] = [*merged.get("allOf", []), {name: value}]
        else:
            merged[name] = value  # a title, a description
    if len(merged.get("allOf", [])) > _MAX_ALL_OF:
        raise SchemaError("too many of its parts must hold together")
    return merged


def _read(schema: Any) -> dict[str, Any]:
    if schema is True:
        return {}
    if not isinstance(schema, Mapping):
        raise SchemaError("a part of it allows nothing")
    return dict(schema)


def _merge_properties(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    shared = {name: {"allOf": [one[name], other[name]]} for name in one if name in other}
    return {**one, **other, **shared}


def _merge_types(one: Any, other: Any) -> list[str]:
    kinds, others = ([each] if isinstance(each, str) else list(each) for each in (one, other))
    both = [each for each in kinds if each in others]
    if "number" in kinds + others and "integer" in kinds + others and "number" not in both:
        both.append("integer")
    if not both:
        raise SchemaError(f"nothing is both {one} and {other}")
    return both


def _merge_enums(one: list[Any], other: list[Any]) -> list[Any]:
    return [each for each in one if each in other]


def _refuse_both(one: Any, other: Any) -> Any:
    raise SchemaError(f"no value is made that meets both {one!r:.40} and {other!r:.40}")


def _merge_others(one: Any, other: Any) -> Any:
    return False if one is False or other is False else {"allOf": [one, other]}


_MERGERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "allOf": lambda one, other: [*one, *other],
    "properties": _merge_properties,
    "required": lambda one, other: list(dict.fromkeys([*one, *other])),
    "type": _merge_types,
    "enum": _merge_enums,
    "const": _refuse_both,
    "pattern": _refuse_both,
    "items": _merge_others,
    "additionalProperties": _merge_others,
    "uniqueItems": lambda one, other: one or other,
    "multipleOf": math.lcm,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
}
