"""A question as radio buttons, with an explanation of the chosen answer below them."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as widgets

from ...widgets.cells import register_for_cell
from ...widgets.shown import CellWidget, as_static
from .questions import Question


class Quiz(CellWidget):
    """A question with radio buttons; without a front end, call `answer`.

    Parameters
    ----------
    key
        The question's, such as ``"3.3"``.
    question
        What is asked.
    """

    def __init__(self, key: str, question: Question) -> None:
        self.key = key
        self.question = question
        self._choice: str | None = None
        self._buttons = widgets.RadioButtons(
            options=list(question.answers),
            value=None,
            description="Your answer",
            style={"description_width": "initial"},
            layout={"width": "max-content", "max_width": "100%"},
        )
        title = widgets.HTML(f"<b>{escape(question.text)}</b>")
        super().__init__(widgets.VBox([title, self._buttons]))
        register_for_cell(self)
        self._buttons.observe(self._on_choice, names="value")

    def answer(self, choice: int | str) -> None:
        """Choose, and print whether the answer is right.

        Parameters
        ----------
        choice
            Its number, from 1, or its text.

        Raises
        ------
        ValueError
            If there is no such answer.
        """
        answers = list(self.question.answers)
        if isinstance(choice, int) and not 1 <= choice <= len(answers):
            raise ValueError(f"choice must be a number from 1 to {len(answers)}; not {choice}.")
        text = answers[choice - 1] if isinstance(choice, int) else choice
        print(self.question.explain(text))
        self._buttons.value = text

    def __repr__(self) -> str:
        lines = [f"{number}. {text}" for number, text in enumerate(self.question.answers, start=1)]
        way = f'Answer with  quiz("{self.key}").answer(1).'
        return "\n".join([f"Question {self.key}: {self.question.text}", *lines, way])

    def _on_choice(self, change: dict[str, Any]) -> None:
        self._choice = change["new"]
        self._static.update()

    def _static_bundle(self) -> dict[str, Any]:
        if self._choice is None:
            return as_static("No answer yet.")
        return as_static(f"{self._choice}: {self.question.explain(self._choice)}")
