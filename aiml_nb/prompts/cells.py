"""Cells of a table: which are empty, and how others are written in prompts and ids."""

from __future__ import annotations

import json
from typing import Any

_MISSING = frozenset({"NAType", "NaTType"})  # pandas' own
_LARGEST = 2**53  # beyond it a float no longer tells one whole number from the next


def is_missing(value: object) -> bool:
    """Say whether a cell holds nothing: None, NaN, NaT or NA. A blank text is not missing."""
    if value is None or type(value).__name__ in _MISSING:
        return True
    try:
        return bool(value != value)
    except Exception:  # noqa: BLE001  arrays, which compare cell by cell
        return False


def text_of(value: Any) -> str | None:
    """Return a cell as text, None if it is missing or blank.

    A spreadsheet's whole numbers become floats as soon as one cell of their column is empty: so
    ``1.0`` is written ``1``. Lists and objects are written as JSON.
    """
    if isinstance(value, str):
        return value if value.strip() else None
    if is_missing(value):
        return None
    if type(value).__module__ == "numpy" and callable(getattr(value, "tolist", None)):
        value = value.tolist()
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST:
        return str(int(value))
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
