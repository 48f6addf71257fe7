"""`quiz`: show a question of a lesson, as radio buttons or as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .registry import look_up

if TYPE_CHECKING:
    from .quiz_widget import Quiz


def quiz(key: str) -> Quiz:
    """Ask a question of a lesson: the last line of a cell shows it.

    Parameters
    ----------
    key
        The question, such as ``"3.3"``.

    Raises
    ------
    ValueError
        If there is no such question.
    """
    from .front_end import has_front_end
    from .quiz_widget import Quiz

    shown = Quiz(key, look_up("QUESTIONS", key))
    if not has_front_end():
        print(repr(shown))
    return shown
