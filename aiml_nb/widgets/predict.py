"""`Predict`: commit to an answer before the cell that measures it is run."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import isfinite
from typing import Any

import ipywidgets as widgets

from .cells import register_for_cell
from .radio_group import RadioGroup
from .shown import CellWidget, as_static


class Predict(CellWidget):
    """A question to be answered before a cell is run: one of some choices, or a number.

    The guess is in `guess`, which may also be set from code; where no front end shows widgets,
    that is the way. Running the cell again keeps the guess that was made.

    Parameters
    ----------
    question
        What is asked.
    choices
        The answers to choose from; leave them out where a number is asked for.
    unit
        The number's unit, such as ``"s"``.
    key
        The question's own name, such as ``"3.1"``.

    Raises
    ------
    ValueError
        If there are both choices and a unit, or neither, or fewer than two different choices.
    """

    def __init__(
        self,
        question: str,
        choices: Sequence[str] | None = None,
        *,
        unit: str | None = None,
        key: str = "",
    ) -> None:
        if (choices is None) == (unit is None):
            raise ValueError(
                "Predict() needs either choices=['…', '…'] or unit='s' (for a number); not "
                f"choices={choices!r} and unit={unit!r}."
            )
        self.question, self.unit, self.key = question, unit, key
        self.choices = None if choices is None else _check_choices(choices)
        self._guess: Any = None
        self._status = widgets.HTML()
        if self.choices:
            self._field: Any = RadioGroup(question, self.choices)
            parts = [self._field]
        else:
            self._field = _number_field(unit or "")
            parts = [widgets.HTML(f"<b>{escape(question)}</b>"), self._field]
        super().__init__(widgets.VBox([*parts, self._status]), kind="predict")
        for earlier in register_for_cell(self):
            if (earlier.question, earlier.choices, earlier.unit) == (question, self.choices, unit):
                self._guess = earlier.guess
        self._show_guess()
        self._field.observe(self._on_input, names="value")

    @property
    def guess(self) -> Any:
        """The choice or the number that was guessed; None if none was made."""
        return self._guess

    @guess.setter
    def guess(self, value: Any) -> None:
        self._guess = None if value is None else self._check(value)
        self._show_guess()

    def __repr__(self) -> str:
        return f"<Predict {self.key}: {self._describe()}>".replace("Predict :", "Predict:")

    def _on_input(self, change: dict[str, Any]) -> None:
        """Store what was chosen or typed; show an error if it is not a number."""
        value = change["new"]
        # Setting the field from code triggers this callback, too.
        if value == self._as_field(self._guess):
            return
        try:
            self.guess = value if self.choices else _read_number(value, self.unit or "")
        except ValueError as error:
            self._status.value = f'<p role="alert" style="margin: 0">{escape(str(error))}</p>'
        else:
            # Read out; what the guess is stands below, in the saved notebook too.
            said = "Noted." if self._guess is not None else "Taken back."
            self._status.value = f'<p role="status" style="margin: 0">✓ {said}</p>'

    def _check(self, value: Any) -> Any:
        if self.choices is None:
            if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
                raise ValueError(f"The guess must be a number; not {value!r}.")
            return value
        if value not in self.choices:
            raise ValueError(f"The guess must be one of {self.choices!r}; not {value!r}.")
        return value

    def _show_guess(self) -> None:
        self._field.value = self._as_field(self._guess)
        self._status.value = ""
        self._static.update()

    def _as_field(self, guess: Any) -> Any:
        return guess if self.choices else "" if guess is None else f"{guess:g}"

    def _describe_guess(self) -> str:
        if self._guess is None:
            return "No guess yet."
        return f"Your guess: {self._as_field(self._guess)} {self.unit or ''}".rstrip() + "."

    def _describe(self) -> str:
        asked = self.question
        if self.choices:
            asked += f" ({' / '.join(self.choices)})"
        return f"{asked} {self._describe_guess()}"

    def _static_bundle(self) -> dict[str, Any]:
        return as_static(self._describe_guess())


def _number_field(unit: str) -> widgets.Widget:
    return widgets.Text(
        description=f"Your guess ({unit})" if unit else "Your guess",
        placeholder="a number",
        continuous_update=False,
        style={"description_width": "initial"},
        layout={"width": "220px"},
    )


def _check_choices(choices: Sequence[str]) -> list[str]:
    found = [] if isinstance(choices, str) else list(choices)
    texts = all(isinstance(choice, str) and choice for choice in found)
    if not texts or len(set(found)) < max(2, len(found)):
        raise ValueError(f"choices must be two or more different texts; not {choices!r}.")
    return found


def _read_number(text: str, unit: str) -> float | None:
    """Parse a typed number, with or without its unit or with a decimal comma; None if empty."""
    number_text = text.strip().removesuffix(unit).strip()
    try:
        number = float(number_text.replace(",", ".")) if number_text else None
    except ValueError:
        number = float("nan")
    if number is not None and not isfinite(number):
        raise ValueError(f"Type a number, such as 2.5; not {text!r}.")
    return number
