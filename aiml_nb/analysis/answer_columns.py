"""What was answered, as columns of a table: texts, vectors, numbers, the names of files.

Typed answers, and what functions returned, are those of `result_columns`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..answered import numbers_of
from ..apis import api_named
from ..records import CHAT, Call
from .frames import column

_ANSWERED = ("ok", "incomplete", "refused")
# What replies tell that are no texts (`apis.columns`); the others are whole numbers.
_NUMBER_TYPES = {"flagged": "boolean"}


def answer_columns(
    calls: Sequence[Call],
    *,
    attached: Mapping[int, Mapping[str, Any]] | None = None,
    vectors: bool = True,
) -> dict[str, Any]:
    """Return the answers as columns, by their names.

    Parameters
    ----------
    calls
        The calls of a run.
    attached
        By the index of a call, what was written of it beside a file (`export.binary_files`):
        ``files`` are their names, separated by semicolons, and ``vector_file`` and ``vector_row``
        tell where its first vector is.
    vectors
        Whether to return the vectors themselves: ``vector``, an array of numbers, or a list of
        arrays for a prompt of several texts.
    """
    columns: dict[str, Any] = {}
    if _have_texts(calls):
        texts = [call.text if call.outcome in _ANSWERED else None for call in calls]
        columns["answer"] = column(texts, "string")
    columns |= number_columns(calls) | _places(calls, attached or {})
    if vectors and any(call.api == "embeddings" for call in calls):
        columns["vector"] = _as_objects([_vector_of(call) for call in calls])
    return columns


def answer_names(calls: Sequence[Call], attached: Mapping[int, Mapping[str, Any]]) -> list[str]:
    """Return the names of all columns that the calls of a run have, but for vectors."""
    names = ["answer"] if _have_texts(calls) else []
    if any(call.api != CHAT for call in calls):
        names += dict.fromkeys(name for call in calls for name in numbers_of(call))
    return [*names, *_places(calls, attached)]


def number_columns(calls: Sequence[Call]) -> dict[str, Any]:
    """Return the columns of replies that are no texts; none if all are."""
    if all(call.api == CHAT for call in calls):
        return {}
    read = [numbers_of(call) for call in calls]
    names = dict.fromkeys(name for each in read for name in each)
    return {
        name: column([each.get(name) for each in read], _NUMBER_TYPES.get(name, "Int64"))
        for name in names
    }


def _have_texts(calls: Sequence[Call]) -> bool:
    return not calls or any(api_named(call.api).has_texts for call in calls)


def _vector_of(call: Call) -> Any:
    vectors = call.vectors if call.api == "embeddings" else []
    return vectors[0] if len(vectors) == 1 else vectors or None


def _as_objects(values: Sequence[Any]) -> Any:
    """Return a column of objects; pandas would take a list of arrays for a table."""
    import pandas as pd

    found = pd.array([None] * len(values), dtype=object)
    for at, value in enumerate(values):
        found[at] = value
    return found


def _places(calls: Sequence[Call], attached: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    told = [attached.get(call.index, {}) for call in calls]
    columns: dict[str, Any] = {}
    if any("files" in each for each in told):
        names = ["; ".join(each["files"]) if "files" in each else None for each in told]
        columns["files"] = column(names, "string")
    if any("vectors" in each for each in told):
        places = [each.get("vectors", {}) for each in told]
        columns["vector_file"] = column([each.get("file") for each in places], "string")
        columns["vector_row"] = column([each.get("first") for each in places], "Int64")
    return columns
