"""Where things go on the page, in pixels: the time axis, the labels and the saving's arrow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .style import EDGE, WIDTH

LABEL_GAP = 7
_ARROW_HALF = 5
_TEXT_HEIGHT = 13
# Room for the arrow and its text under the rows, if they would cover something within.
STRIP = 30
# Half of the text of a tick at the very end of the axis.
_LAST_TICK = 16
_NARROWEST = 160.0


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


def time_axis(
    *, left: float, horizon: float, labels: Iterable[tuple[float, float]], edge: float = EDGE
) -> TimeAxis:
    """Make the time axis as wide as the labels at the bars' ends allow.

    Parameters
    ----------
    left
        Pixels from the left of the page.
    horizon
        Seconds.
    labels
        For each label the end of its bar, in seconds, and its width with the gap, in pixels.
    edge
        Pixels to keep free at the right of the page.
    """
    room = WIDTH - edge - left
    widths = [(room - width) * horizon / end for end, width in labels if end > 0]
    return TimeAxis(left, left + max(min([room - _LAST_TICK, *widths]), _NARROWEST), horizon)


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
    crosses = start < moved and start + width > bound - 4
    return moved if crosses and moved + width <= WIDTH - EDGE else start


def place_arrow(
    *,
    start: float,
    end: float,
    text_width: float,
    levels: Sequence[float],
    taken: Sequence[Rect],
    bottom: float,
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
    """
    for y in levels:
        line = Rect(start, y - _ARROW_HALF, end, y + _ARROW_HALF)
        if any(line.meets(other) for other in taken):
            continue
        for text, arrow in _beside(start=start, end=end, y=y, text_width=text_width):
            if text.top >= 0 and not any(text.meets(other) for other in taken):
                return arrow
    return _in_strip(start=start, end=end, y=bottom + STRIP - 10, text_width=text_width)


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
    if after + text_width <= WIDTH - EDGE:
        text = Rect(end, y - half, after + text_width, y + half)
        arrow = Arrow(y=y, start=start, end=end, text_x=after, text_y=y + 4, align="left")
        places.append((text, arrow))
    text = Rect(before - text_width, y - half, start, y + half)
    arrow = Arrow(y=y, start=start, end=end, text_x=before, text_y=y + 4, align="right")
    return [*places, (text, arrow)]


def _in_strip(*, start: float, end: float, y: float, text_width: float) -> Arrow:
    _, arrow = _beside(start=start, end=end, y=y, text_width=text_width)[0]
    return replace(arrow, needs_strip=True)
