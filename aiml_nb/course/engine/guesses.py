"""`predict`, `reveal`: guess before a cell is run, and compare with the measurement."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING

from .digits import show_number

if TYPE_CHECKING:
    from ...widgets import Predict

_predictions: dict[str, Predict] = {}


def predict(
    key: str, question: str, *, choices: Sequence[str] | None = None, unit: str | None = None
) -> Predict:
    """Ask for a guess: one of some choices, or a number with a unit.

    As the last line of a cell it is shown there. The guess is in ``.guess``, and may also be set
    from code, where no front end shows buttons. `reveal` shows it beside the measurement.

    Parameters
    ----------
    key
        The question's name, such as ``"3.1"``.
    question
        What is asked.
    choices
        The answers to choose from; leave them out where a number is asked for.
    unit
        The number's unit, such as ``"s"``; empty for a plain number.

    Raises
    ------
    ValueError
        If there are both choices and a unit, or neither.
    """
    from ...widgets import Predict
    from .front_end import has_front_end

    prediction = Predict(question, choices, unit=unit, key=key)
    _predictions[key] = prediction
    # In a script nothing displays the widget, so print the question.
    if not has_front_end():
        print(repr(prediction))
    return prediction


def reveal(key: str, measured: str | float) -> None:
    """Print what was measured beside what was guessed, if anything was.

    Parameters
    ----------
    key
        The name that `predict` was given.
    measured
        One of its choices, or a number; what is counted is an int, and then no guess is close.

    Raises
    ------
    ValueError
        If nothing was asked under this name, or `measured` is none of the choices.
    """
    if key not in _predictions:
        raise ValueError(f"nothing was asked as {key!r}. Run the cell with predict({key!r}, …).")
    prediction = _predictions[key]
    if prediction.choices is None:
        print(_compare_numbers(prediction.guess, measured, prediction.unit or ""))
        return
    if measured not in prediction.choices:
        raise ValueError(f"measured must be one of {prediction.choices!r}; not {measured!r}.")
    print(_compare_choices(prediction.guess, str(measured)))


def _compare_choices(guess: str | None, measured: str) -> str:
    if guess is None:
        return f"It was: {measured}. (You made no guess.)"
    if guess == measured:
        return f"✓ It was: {measured}. You guessed it."
    return f"It was: {measured}. You guessed: {guess}. What made the difference?"


def _compare_numbers(guess: float | None, measured: str | float, unit: str) -> str:
    is_count = isinstance(measured, Integral)
    found = f"Measured: {_format(float(measured), unit)}."
    if guess is None:
        return f"{found} (You made no guess.)"
    compare = _compare_counts if is_count else _compare_ratio
    return f"{found} You guessed {_format(guess, unit)}{compare(guess, float(measured))}."


def _compare_counts(guess: float, measured: float) -> str:
    if guess == measured:
        return ", which is right"
    return f", {show_number(abs(guess - measured))} too {'many' if guess > measured else 'few'}"


def _compare_ratio(guess: float, measured: float) -> str:
    if guess <= 0 or measured <= 0:
        return ""
    ratio = guess / measured
    if 0.8 <= ratio <= 1.25:
        return ", which is close"
    return f", {ratio:.1f} times as much" if ratio > 1 else f", {1 / ratio:.1f} times too little"


def _format(number: float, unit: str) -> str:
    return f"{show_number(number)} {unit}".rstrip()
