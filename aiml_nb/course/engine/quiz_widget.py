"""A question as radio buttons, with a verdict on the chosen answer below them."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as widgets

from ...widgets.cells import register_for_cell
from ...widgets.radio_group import RadioGroup
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
        self._buttons = RadioGroup(question.text, list(question.answers))
        self._verdict = widgets.HTML('<div role="status"></div>')
        super().__init__(widgets.VBox([self._buttons, self._verdict]), kind="quiz")
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
        if self._choice is not None:
            kind = "right" if self._choice == self.question.right else "wrong"
            said = escape(self.question.explain(self._choice))
            verdict = f'<p class="aiml-nb-verdict aiml-nb-{kind}">{said}</p>'
            self._verdict.value = f'<div role="status">{verdict}</div>'
        self._static.update()

    def _static_bundle(self) -> dict[str, Any]:
        """Return the verdict, to be kept; the page hides it where the widget shows it, too."""
        if self._choice is None:
            return as_static("No answer yet.")
        kept = as_static(f"{self._choice}: {self.question.explain(self._choice)}")
        return {**kept, "text/html": kept["text/html"].replace("<p>", '<p class="aiml-nb-twin">')}
