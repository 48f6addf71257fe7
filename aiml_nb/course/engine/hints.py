"""`hint`: give the hints for an exercise, one after the other."""

from __future__ import annotations

from collections import Counter

from .registry import look_up

_hints_given: Counter[str] = Counter()


def hint(key: str) -> None:
    """Print the next hint for an exercise; the last one is the idea of the solution.

    Parameters
    ----------
    key
        The exercise, such as ``"3.2"``.

    Raises
    ------
    ValueError
        If there is no such exercise.
    """
    hints = look_up("EXERCISES", key).hints
    number = min(_hints_given[key] + 1, len(hints))
    _hints_given[key] = number
    more = "Run the cell again for the next one." if number < len(hints) else "That is the last."
    print(f"Hint {number} of {len(hints)} ({key}): {hints[number - 1]} {more}")
