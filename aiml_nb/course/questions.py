"""A question with several answers, and for each why it is right or wrong."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from html import escape
from typing import Any

from .shelf import take_from


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a lesson.

    Parameters
    ----------
    text
        The question.
    answers
        Each answer and why it is right or wrong.
    right
        The right one.

    Raises
    ------
    ValueError
        If `right` is not among the answers.
    """

    text: str
    answers: dict[str, str]
    right: str

    def __post_init__(self) -> None:
        """Refuse a question that cannot be answered."""
        if self.right not in self.answers:
            raise ValueError(f"right must be one of {list(self.answers)}; not {self.right!r}.")

    def explain(self, choice: str) -> str:
        """Say whether `choice` is right, and why.

        Parameters
        ----------
        choice
            One of the answers.

        Raises
        ------
        ValueError
            If it is none of them.
        """
        if choice not in self.answers:
            raise ValueError(f"choice must be one of {list(self.answers)}; not {choice!r}.")
        return f"{'✓ Yes.' if choice == self.right else 'No.'} {self.answers[choice]}"


class Quiz:
    """A question as a cell shows it: radio buttons, or plain text where there is no front end.

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

    def answer(self, choice: int | str) -> None:
        """Print whether an answer is right: without a front end, the way to choose one.

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
        print(self.question.explain(answers[choice - 1] if isinstance(choice, int) else choice))

    def __repr__(self) -> str:
        lines = [f"{number}. {text}" for number, text in enumerate(self.question.answers, start=1)]
        way = f'Answer with  quiz("{self.key}").answer(1).'
        return "\n".join([f"Question {self.key}: {self.question.text}", *lines, way])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Give the buttons to a front end that has them, and the text to one that has not."""
        bundle: dict[str, Any] = dict(_make_buttons(self.question)._repr_mimebundle_())
        return bundle | {"text/plain": repr(self)}


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
    shown = Quiz(key, take_from("QUESTIONS", key))
    if "IPython" not in sys.modules:
        print(shown)
    return shown


def _make_buttons(question: Question) -> Any:
    import ipywidgets as widgets

    wide = widgets.Layout(width="auto")
    title = widgets.HTML(f"<b>{escape(question.text)}</b>")
    buttons = widgets.RadioButtons(options=list(question.answers), value=None, layout=wide)
    reason = widgets.HTML(layout=widgets.Layout(min_height="3em"))

    def show(change: Any) -> None:
        reason.value = escape(question.explain(change["new"])) if change["new"] else ""

    buttons.observe(show, "value")
    return widgets.VBox([title, buttons, reason])
