"""What a table tells of replies that are no texts: how many vectors, pictures; what is flagged."""

from __future__ import annotations

from typing import Any

from .binary import blobs_in
from .json_values import Json, objects_of


def none(body: Json) -> dict[str, Any]:
    """Tell nothing: of texts a table has columns of its own."""
    return {}


def of_embeddings(body: Json) -> dict[str, Any]:
    """Tell how many vectors there are, and how many numbers each has."""
    found = objects_of(body.get("data"))
    return {"n_vectors": len(found), "dimensions": _size(found[0].get("embedding") if found else 0)}


def of_images(body: Json) -> dict[str, Any]:
    """Tell how many images there are."""
    return {"n_images": len(objects_of(body.get("data")))}


def of_sounds(body: Json) -> dict[str, Any]:
    """Tell how many bytes the sound has."""
    return {"bytes": sum(len(blob) for blob in blobs_in(body))}


def of_moderations(body: Json) -> dict[str, Any]:
    """Tell whether any of the texts was flagged."""
    return {"flagged": any(each.get("flagged") is True for each in objects_of(body.get("results")))}


def _size(vector: object) -> int | None:
    if isinstance(vector, list):
        return len(vector)
    # Four bytes a number, as text: every four characters are three bytes.
    return len(vector.rstrip("=")) * 3 // 16 if isinstance(vector, str) else None
