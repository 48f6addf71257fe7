"""Where things go on the page, in pixels: the time axis, the labels and the saving's arrow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LABEL_GAP = 7
# The bound is at least so far from the end of words left of it.
_CLEAR = 4
_ARROW_HALF = 5
_TEXT_HEIGHT = 13
# Room for the arrow and its text under the rows, if they would cover something within.
STRIP = 30
# Half of the text of a tick at the very end of the axis.
_LAST_TICK = 16
_NARROWEST = 100.0


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in pixels, y downwards from the top of its panel."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Rect) -> bool:
        """Tell whether the two share any area."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Words right of a bar: the bar's end and the bound in seconds, the width in pixels.

    The gap before the words is part of their width; the bound is None where none is drawn.
    """

    end: float
    width: float
    bound: float | None = None


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """From seconds to pixels from the left of the page.

    Parameters
    ----------
    left, right
        Pixels.
    horizon
        The seconds at the right end.
    """

    left: float
    right: float
    horizon: float

    def px(self, time: float) -> float:
        """Return where a time lies."""
        return self.left + time / self.horizon * (self.right - self.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """Where the arrow of the time saved lies, and its text; y as in `Rect`."""

    y: float
    start: float
    end: float
    text_x: float
    text_y: float
    align: str
    needs_strip: bool = False


def time_axis(*, left: float, right: float, horizon: float, labels: Iterable[Label]) -> TimeAxis:
    """Make the time axis as wide as the labels at the bars' ends allow.

    Parameters
    ----------
    left, right
        Between which pixels from the left of the page it lies, with the labels.
    horizon
        Seconds.
    labels
        What stands right of the bars; where the bound would cross it, right of the bound.
    """
    room, labels = right - left, [label for label in labels if label.end > 0]
    axis = TimeAxis(left, max(right - _LAST_TICK, left + _NARROWEST), horizon)
    while True:
        # A narrower axis brings bars nearer to the bound, and their words across it.
        starts = [_start_of(label, axis) for label in labels]
        widths = [
            (room - label.width) * horizon / start
            for label, start in zip(labels, starts, strict=True)
        ]
        narrower = left + max(min(widths, default=room), _NARROWEST)
        if narrower >= axis.right - 0.01:
            return axis
        axis = TimeAxis(left, narrower, horizon)


def _start_of(label: Label, axis: TimeAxis) -> float:
    """Return the time at which a label begins: its bar's end, or the bound behind which it goes."""
    if label.bound is None:
        return label.end
    bound, end = axis.px(label.bound), axis.px(label.end)
    start = clear_of(bound, start=end + LABEL_GAP, width=label.width - LABEL_GAP)
    return label.bound if start > bound >= end else label.end


def clear_of(bound: float, *, start: float, width: float) -> float:
    """Return where words beside a bar begin: to the right of the bound if they would cover it.

    Parameters
    ----------
    bound
        Where the lower bound is drawn, in pixels.
    start, width
        Where the words would begin, and their width, in pixels.
    """
    moved = bound + LABEL_GAP
    return moved if start < moved and start + width > bound - _CLEAR else start


def place_arrow(
    *,
    start: float,
    end: float,
    text_width: float,
    levels: Sequence[float],
    taken: Sequence[Rect],
    bottom: float,
    right: float,
) -> Arrow:
    """Find a place where neither the arrow nor its text covers a bar or a label.

    Parameters
    ----------
    start, end
        The arrow's ends, in pixels.
    text_width
        Pixels.
    levels
        The heights to try, in pixels from the top of the panel, best first.
    taken
        What must stay visible.
    bottom
        The height of the panel; where no level is free, the arrow goes below it.
    right
        Up to which pixel from the left of the page there is room.
    """
    for y in levels:
        line = Rect(start, y - _ARROW_HALF, end, y + _ARROW_HALF)
        if any(line.meets(other) for other in taken):
            continue
        for text, arrow in _beside(start=start, end=end, y=y, text_width=text_width):
            fits = text.top >= 0 and text.right <= right
            if fits and not any(text.meets(other) for other in taken):
                return arrow
    y, reach = bottom + STRIP - 10, text_width / 2
    middle = max(min((start + end) / 2, right - reach), reach)
    above = y - _ARROW_HALF - 1
    return Arrow(
        y=y, start=start, end=end, text_x=middle, text_y=above, align="center", needs_strip=True
    )


def _beside(*, start: float, end: float, y: float, text_width: float) -> list[tuple[Rect, Arrow]]:
    """Return the text's places over, right and left of the arrow, as far as there is room."""
    middle, above, half = (start + end) / 2, y - _ARROW_HALF - 1, _TEXT_HEIGHT / 2
    places = []
    if text_width <= end - start:
        reach = text_width / 2
        text = Rect(middle - reach, above - _TEXT_HEIGHT, middle + reach, above + 2)
        arrow = Arrow(y=y, start=start, end=end, text_x=middle, text_y=above, align="center")
        places.append((text, arrow))
    after, before = end + LABEL_GAP, start - LABEL_GAP
    text = Rect(end, y - half, after + text_width, y + half)
    arrow = Arrow(y=y, start=start, end=end, text_x=after, text_y=y + 4, align="left")
    places.append((text, arrow))
    text = Rect(before - text_width, y - half, start, y + half)
    arrow = Arrow(y=y, start=start, end=end, text_x=before, text_y=y + 4, align="right")
    return [*places, (text, arrow)]
