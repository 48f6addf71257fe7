"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check found; true if the exercise is passed.

    Parameters
    ----------
    key
        The exercise, such as ``"3.2"``.
    passed
        True if the answer does what was asked.
    text
        What is right, or what is not and where to look.
    """

    key: str
    passed: bool
    text: str

    def __bool__(self) -> bool:
        """Tell whether the exercise is passed."""
        return self.passed

    def __str__(self) -> str:
        """Say it as `check` prints it."""
        return f"✓ {self.key} {self.text}" if self.passed else f"Not yet ({self.key}): {self.text}"

    def _ipython_display_(self) -> None:
        """Show nothing more: `check` has printed it, wherever in a cell it was called."""
