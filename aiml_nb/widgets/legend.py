"""The legend of a race's picture: what is visible in it, in the order a call goes through it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..plot.style import BACKOFF_COLOUR, BARS, INK, LINES, QUEUED_COLOUR
from ..report.wording import format_seconds
from .layout import Layout
from .svg import bars, line, text_width, write

LINE_LOOKS = {
    "queued": f'stroke="{QUEUED_COLOUR}"',
    "backoff": f'stroke="{BACKOFF_COLOUR}" stroke-width="2" stroke-dasharray="2 3"',
}

# Where there is no room for what the pictures of runs say.
_SHORT = {
    "whole": "in flight",
    "waiting": "waiting",
    "streaming": "streaming",
    "retried": "tried again",
}


def legend(
    states: set[str], bounds: Sequence[float], *, top: float, layout: Layout
) -> Iterator[str]:
    """Draw the legend of the visible states, as large as fits.

    Parameters
    ----------
    states
        The states.
    bounds
        The lower bounds that are drawn, seconds.
    top
        Where it begins, in pixels.
    layout
        Of the picture.
    """
    room, size = layout.width - 2 * layout.margin, layout.axis
    samples = list(_samples(states, bounds, short=False))
    if _width(samples, size) > room:
        samples = list(_samples(states, bounds, short=True))
    while size > 10 and _width(samples, size) > room:
        size -= 1
    x = layout.margin
    for meaning, sample in samples:
        yield f'<g transform="translate({x:.1f} {top:.1f})">{sample}</g>'
        yield write(x + 28, top + 9 + 0.38 * size, meaning, size=size)
        x += _step(meaning, size)


def bound_line(x1: float, y1: float, x2: float, y2: float) -> str:
    """Return the line of a lower bound."""
    return line(x1, y1, x2, y2, colour=INK, dashes="6 4")


def _samples(
    states: set[str], bounds: Sequence[float], *, short: bool
) -> Iterator[tuple[str, str]]:
    for state, look in LINE_LOOKS.items():
        if state in states:
            yield LINES[state], f'<path d="M0 9h22" {look}/>'
    for state, bar in BARS.items():
        if state in states:
            yield (
                _SHORT.get(state, bar.meaning) if short else bar.meaning,
                bars([(0, 3, 22, 12)], state=state),
            )
    if bounds:
        yield f"lower bound {format_seconds(bounds[-1])}", bound_line(0, 9, 22, 9)


def _width(samples: Sequence[tuple[str, str]], size: float) -> float:
    return sum(_step(meaning, size) for meaning, _ in samples)


def _step(meaning: str, size: float) -> float:
    return 28 + text_width(meaning, size) + 20
