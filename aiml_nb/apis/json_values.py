"""Read JSON whose members may have any type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
NOTHING: dict[str, Any] = {}


def object_of(value: object) -> Json:
    """Return an object; an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else NOTHING


def objects_of(value: object) -> list[Json]:
    """Return the objects in a list; none of anything else."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def first_object_of(value: object) -> Json:
    """Return the first object in a list; an empty one if there is none."""
    return next(iter(objects_of(value)), NOTHING)
