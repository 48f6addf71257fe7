"""Which type a JSON schema is of, said or to be guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .schema_merge import SchemaError

_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")


_HINTS = {
    "object": ("properties", "required", "additionalProperties", "minProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


def is_null(schema: Any) -> bool:
    """Say whether it allows null and nothing else."""
    return bool(schema == {"type": "null"})


def goes_on(schema: Any) -> int:
    """Rank an alternative: null, then one without parts, then all others."""
    if is_null(schema):
        return 0
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return 1 if kind in ("string", "number", "integer", "boolean") else 2


def find_type(schema: Mapping[str, Any]) -> str:
    """Return the type of a schema: the one that it names, or that its keywords hint at."""
    given = schema.get("type", [])
    kinds = [given] if isinstance(given, str) else list(given)
    kinds.sort(key=lambda kind: kind == "null")  # null only if nothing else is allowed
    if not kinds:
        kinds = [kind for kind, names in _HINTS.items() if any(name in schema for name in names)]
    kind = (kinds or ["string"])[0]
    if kind not in _TYPES:
        raise SchemaError(f"{kind!r:.80} is not a type")
    return kind
