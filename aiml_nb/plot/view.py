"""How a picture is asked for: how wide, on which ground, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from .style import DPI, WIDTH

Width: TypeAlias = int | Literal["full"] | None
Theme: TypeAlias = Literal["auto", "light", "dark"]
Detail: TypeAlias = Literal["full", "simple"]

MIN_WIDTH, MAX_WIDTH = 480, 4000
# Up to so many times the type grows with the width; beyond that, time has more room. The smallest
# type, of 10 pixels at a width of 900, then has 16 and more from 1440 on.
_MAX_ZOOM = 1.6
_THEMES = ("auto", "light", "dark")
_DETAILS = ("full", "simple")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a picture is asked for; arguments are as those of `plot_timeline`.

    Raises
    ------
    TypeError, ValueError
        If one of them is something else.
    """

    width: Width = None
    theme: Theme = "auto"
    detail: Detail = "full"

    def __post_init__(self) -> None:
        """Check them."""
        _check_width(self.width)
        _check_word("theme", self.theme, _THEMES)
        _check_word("detail", self.detail, _DETAILS)

    @property
    def is_simple(self) -> bool:
        """Whether bars, order and times are all that is shown."""
        return self.detail == "simple"

    @property
    def is_dark(self) -> bool:
        """Whether the figure itself is dark."""
        return self.theme == "dark"

    @property
    def zoom(self) -> float:
        """How many pixels one pixel of the page has, where all sizes are those at 100 dpi."""
        return min(max(1.0, self._pixels / WIDTH), _MAX_ZOOM)

    @property
    def page_width(self) -> float:
        """The width of the page, in its own pixels."""
        return self._pixels / self.zoom

    @property
    def dpi(self) -> float:
        """The dots per inch at which the page has the width that was asked for."""
        return DPI * self.zoom

    @property
    def _pixels(self) -> int:
        return self.width if isinstance(self.width, int) else WIDTH


def _check_width(width: object) -> None:
    if width is None or width == "full":
        return
    if isinstance(width, bool) or not isinstance(width, int):
        raise TypeError(
            "width must be a whole number of pixels, 'full' (the output area's) or None; "
            f"not {width!r}."
        )
    if not MIN_WIDTH <= width <= MAX_WIDTH:
        raise ValueError(
            f"width must be from {MIN_WIDTH} to {MAX_WIDTH:,} pixels, or 'full' for the output "
            f"area's; not {width}."
        )


def _check_word(name: str, word: object, words: tuple[str, ...]) -> None:
    if word not in words:
        listed = ", ".join(map(repr, words[:-1]))
        raise ValueError(f"{name} must be {listed} or {words[-1]!r}; not {word!r}.")
