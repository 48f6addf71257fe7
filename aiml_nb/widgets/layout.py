"""Sizes of a race's picture, in its own units: for a desk, and for a projector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .side import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where things are in the picture.

    Parameters
    ----------
    labels, endings
        The room before and after the bars.
    title, text, axis
        Sizes of the titles of the sides, of rows at most, and of axis and legend.
    least_text
        Rows lower than this have no text beside them.
    rows_height, max_row
        Of all rows together, and of one row, at most.
    """

    labels: float
    endings: float
    title: float
    text: float
    axis: float
    least_text: float
    rows_height: float
    max_row: float
    width: int = 1100
    margin: float = 12

    @property
    def title_height(self) -> float:
        """The room for the title of a side."""
        return self.title + 12

    @property
    def axis_height(self) -> float:
        """The room for numbers and name of the axis."""
        return 2 * self.axis + 16

    @property
    def legend_height(self) -> float:
        """The room for the legend."""
        return 1.8 * self.axis


DESK = Layout(
    labels=190,
    endings=92,
    title=18,
    text=14,
    axis=15,
    least_text=8,
    rows_height=330,
    max_row=32,
)
# Bars and numbers for the last row of a room; texts beside rows only where they can be as large.
PROJECTOR = Layout(
    labels=24,
    endings=24,
    title=30,
    text=24,
    axis=22,
    least_text=24,
    rows_height=320,
    max_row=60,
)
PROJECTOR_WITH_TEXT = Layout(
    labels=320,
    endings=180,
    title=30,
    text=24,
    axis=22,
    least_text=24,
    rows_height=320,
    max_row=60,
)


def choose_layout(rows: int, *, large: bool) -> Layout:
    """Return the layout for so many rows; with `large` type, for a projector."""
    if not large:
        return DESK
    has_room = PROJECTOR.rows_height / rows >= PROJECTOR.least_text
    return PROJECTOR_WITH_TEXT if has_room else PROJECTOR


@dataclass(frozen=True, slots=True)
class Panel:
    """The position of one side, in pixels; `scale` is pixels per second, up to `end`."""

    side: Side
    layout: Layout
    top: float
    rows: int
    row: float
    scale: float
    end: float

    @property
    def bottom(self) -> float:
        """Where its last row ends."""
        return self.top + self.rows * self.row

    @property
    def bound_x(self) -> float | None:
        """Where the lower bound is drawn; None where it is not."""
        bound = self.side.bound
        return None if bound is None or bound > self.end else self.x(bound)

    def x(self, seconds: float) -> float:
        """Return where a moment is; what is beyond the axis is at its end."""
        return self.layout.labels + min(seconds, self.end) * self.scale


def place_panels(
    sides: Sequence[Side], counts: Sequence[int], *, end: float, large: bool
) -> list[Panel]:
    """Return the panels of the sides, top to bottom, with so many rows each."""
    layout = choose_layout(sum(counts), large=large)
    row = min(layout.max_row, layout.rows_height / sum(counts))
    scale = (layout.width - layout.labels - layout.endings) / end
    panels, top = [], 4.0
    for side, count in zip(sides, counts, strict=True):
        top += layout.title_height
        panels.append(Panel(side, layout, top, count, row, scale, end))
        top += count * row
    return panels
