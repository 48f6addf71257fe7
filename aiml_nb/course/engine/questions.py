"""`Question`: a question with several answers, and an explanation for each."""

from __future__ import annotations

from dataclasses import dataclass


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
        return f"{'✓ Yes.' if choice == self.right else '✗ No.'} {self.answers[choice]}"
