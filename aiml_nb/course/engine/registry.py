"""Find the exercises and questions of a lesson by their keys."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

_LESSONS = "aiml_nb.course.lessons"


def look_up(collection: Literal["EXERCISES", "QUESTIONS"], key: str) -> Any:
    """Return the exercise or question `key` of its lesson.

    Parameters
    ----------
    collection
        The name of the dictionary it is in.
    key
        Lesson and number, such as ``"3.2"``.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    known = _read_lesson(collection, key)
    if key not in known:
        kind = collection.lower()
        there = f"this lesson has {', '.join(known)}" if known else "this lesson has none"
        raise ValueError(f"no {kind.removesuffix('s')} is called {key!r}; {there}.")
    return known[key]


def _read_lesson(collection: str, key: str) -> dict[str, Any]:
    lesson = re.fullmatch(r"(\d{1,2})\.\d{1,2}", key) if isinstance(key, str) else None
    if lesson is None:
        raise ValueError(f"a key is lesson and number, such as '3.2'; not {key!r}.")
    name = f"{_LESSONS}.lesson{int(lesson[1]):02d}"
    # Not by catching ImportError, which an error within the lesson would raise as well.
    if find_spec(name) is None:
        raise ValueError(f"there is no lesson {lesson[1]}, so nothing is called {key!r}.")
    known: dict[str, Any] = getattr(import_module(name), collection)
    return known
