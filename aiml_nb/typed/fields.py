"""The fields of a JSON schema: the columns of a table of answers, whether or not any fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]

# More fields than this are no columns, and none is looked for deeper than this.
MAX_FIELDS = 100
_MAX_DEPTH = 8
_KINDS = {"boolean": "boolean", "integer": "Int64", "number": "Float64", "string": "string"}


def fields_of_format(response_format: object) -> dict[Path, str | None]:
    """Return the fields that a ``response_format`` asks for, by the names that lead to them.

    An object in an object is gone into; lists, objects of free members, alternatives of several
    objects and what holds itself are one field, of JSON.

    Returns
    -------
    dict
        Each with the type of its column, None for JSON. Empty if nothing is known of them; the
        whole, at the path ``()``, is the one field of what is no object or has too many.
    """
    schema = _schema_of(response_format)
    found: dict[Path, str | None] = {}
    if not isinstance(schema, Mapping) or not schema:
        return found
    for path, kind in _walk(schema, schema, (), ()):
        found[path] = kind
        if len(found) > MAX_FIELDS:
            return {(): None}
    return found


def _schema_of(response_format: object) -> Any:
    if not isinstance(response_format, Mapping):
        return None
    if response_format.get("type") == "json_schema":
        described = response_format.get("json_schema")
        return described.get("schema") if isinstance(described, Mapping) else None
    return response_format.get("schema")


def _walk(
    schema: Any, root: Any, path: Path, outer: tuple[Any, ...]
) -> Iterator[tuple[Path, str | None]]:
    schema = _resolve(schema, root)
    members = schema.get("properties") if isinstance(schema, Mapping) else None
    # Compared by value: the root of a schema that holds itself is a copy of its definition.
    is_object = isinstance(members, Mapping) and bool(members) and members not in outer
    if not is_object or len(path) >= _MAX_DEPTH:
        yield path, _kind_of(schema)
        return
    for name, each in schema["properties"].items():
        yield from _walk(each, root, (*path, str(name)), (*outer, members))


def _resolve(schema: Any, root: Any) -> Any:
    """Follow references, and the one alternative that is not null."""
    for _ in range(_MAX_DEPTH):
        if not isinstance(schema, Mapping):
            break
        if isinstance(schema.get("$ref"), str):
            schema = _find(schema["$ref"], root)
            continue
        options = next((schema[n] for n in ("anyOf", "oneOf", "allOf") if n in schema), None)
        if "properties" in schema or not isinstance(options, list):
            break
        others = [each for each in options if each != {"type": "null"}]
        if len(others) != 1:
            return None
        schema = others[0]
    return schema


def _find(reference: str, root: Any) -> Any:
    found = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        if step:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _kind_of(schema: Any) -> str | None:
    if not isinstance(schema, Mapping):
        return None
    kinds = schema.get("type")
    listed = [kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if kind != "null"]
    return _KINDS.get(listed[0]) if len(listed) == 1 and isinstance(listed[0], str) else None
