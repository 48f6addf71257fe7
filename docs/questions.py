"""Guesses and questions on a page that is read: plain HTML, with no kernel and no script."""

from __future__ import annotations

from html import escape
from typing import Any


def to_html(asked: dict[str, Any]) -> str:
    """Return what a cell asked as HTML.

    Parameters
    ----------
    asked
        Its text, and either choices or a unit (a guess), or answers with their explanations and
        which of them is right.
    """
    if "answers" in asked:
        return _make_question(asked["text"], asked["answers"], asked["right"])
    return _make_guess(asked["text"], asked["choices"], asked["unit"])


def _make_question(text: str, answers: dict[str, str], right: str) -> str:
    """Return a question whose answers unfold to what is right or wrong with them."""
    folded = (
        f"<details><summary>{escape(answer)}</summary>"
        f"<p>{'✓ Yes.' if answer == right else '✗ No.'} {escape(why)}</p></details>"
        for answer, why in answers.items()
    )
    return _frame("Question", text, "".join(folded))


def _make_guess(text: str, choices: list[str] | None, unit: str | None) -> str:
    if choices:
        listed = "".join(f"<li>{escape(choice)}</li>" for choice in choices)
        return _frame("Guess before you read on", text, f"<ul>{listed}</ul>")
    return _frame("Guess before you read on", text, f"<p>A number{_in_unit(unit)}.</p>")


def _in_unit(unit: str | None) -> str:
    return f", in {escape(unit)}" if unit else ""


def _frame(kind: str, text: str, rest: str) -> str:
    """Return a block with what kind of question it is, the question, and what follows."""
    return (
        f'<div class="asked"><p class="asked-kind">{kind}</p>'
        f"<p><strong>{escape(text)}</strong></p>{rest}</div>"
    )
