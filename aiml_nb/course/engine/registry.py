"""Find the exercises and questions of a lesson by their keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any, Literal

_LESSONS = "aiml_nb.course.lessons"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson and its exercises, in order; those of its `appendix` are no part of its way."""

    number: int
    title: str
    exercises: tuple[str, ...]
    appendix: frozenset[str] = frozenset()


def list_lessons() -> tuple[Lesson, ...]:
    """Return all lessons, in order."""
    folder = import_module(_LESSONS).__path__
    numbers = [re.fullmatch(r"lesson(\d\d)", each.name) for each in iter_modules(folder)]
    return tuple(_read_whole(int(each[1])) for each in numbers if each)


def _read_whole(number: int) -> Lesson:
    module = import_module(f"{_LESSONS}.lesson{number:02d}")
    # "Lesson 3, How many at once: checks, …"; without docstrings (python -OO) there is no title.
    title = re.match(r"Lesson \d+, (.+?):", module.__doc__ or "")
    exercises = sorted(module.EXERCISES, key=lambda key: int(key.partition(".")[2]))
    appendix = frozenset(getattr(module, "IN_APPENDIX", ()))
    return Lesson(number, title[1] if title else "", tuple(exercises), appendix)


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
