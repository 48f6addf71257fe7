"""Bars within bars on an Axes: calls and steps in bands of the bar that they belong to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from ..analysis.arrays import FloatArray
from .artists import bar_collection, half_height, lines, mark, pixels_per_second
from .inside import Inside
from .style import BACKOFF_COLOUR, INK, MARKED
from .text import drawable, width_of

# Pixels: from a bar to the bands in it; for the name of a step, and down to its
# foot; the least height of a band that has a hatch.
_INSET = 2.0
_NAME_SIZE = 7.0
_NAME, _FOOT = 10.0, 7.5
_HATCHED = 4.0
_BETWEEN = 1.0
# Bars narrower than this many pixels, on average, have no outline.
_WIDE = 3
# Pixels that a band should have, and besides it the edges of a bar, or of a step with its name.
_BAND, _EDGES, _STEP, _HIGHEST = 8.0, 4.0, 18.0, 60.0


def draw_inside(axes: Axes, inside: Inside, *, row: float, bound: float | None = None) -> None:
    """Draw what was made within the calls of a run.

    Parameters
    ----------
    axes
        Its x is in seconds, its y in calls from 0, downwards.
    inside
        The bars.
    row
        The height of a row in pixels.
    bound
        Where the lower bound is drawn, in seconds.
    """
    scale = pixels_per_second(axes)
    tops, heights = band_places(inside.places, row=row)
    middles = (tops + heights / 2) / row - 0.5
    for level, (state, bars) in enumerate(inside.bars.items()):
        if len(bars):
            place, wide = bars[:, 2].astype(int), float(np.mean(bars[:, 1] - bars[:, 0])) * scale
            tall = float(np.median(heights[place]))
            collection = bar_collection(
                np.column_stack([bars[:, :2], middles[place]]),
                half=heights[place] / 2 / row,
                state=state,
                hatched=tall >= _HATCHED,
                outlined=tall >= _HATCHED and wide >= _WIDE,
            )
            collection.set(zorder=3.2 + 0.001 * level, gid=f"inside {state}")
            axes.add_collection(collection, autolim=False)
    _draw_backoff(axes, inside.backoff, middles)
    _draw_ends(axes, inside, middles, row=row, tall=heights)
    feet, named = (tops + _FOOT) / row - 0.5, _named(inside.places)
    for start, end, at, name in inside.names:
        text = drawable(name)
        room = width_of(text, size=_NAME_SIZE) + 4
        middle = _clear_middle(start, end, bound, room=room / scale)
        if middle is not None and heights[at] >= named:
            _write_name(axes, text, middle, feet[at])


def row_height(drawn: Sequence[Inside | None], *, rows: int, least: float, room: float) -> float:
    """Return the height of the rows of runs, in pixels, so that what is in their bars can be seen.

    Parameters
    ----------
    drawn
        What is in the bars of each run, None for nothing.
    rows
        How many rows there are in all.
    least
        The height where nothing is in them.
    room
        The pixels that all rows together may have, unless the least height takes more.
    """
    found = [each for each in drawn if each is not None]
    if not found:
        return least
    bands = max(each.bands for each in found)
    wanted = (bands * _BAND + (_STEP if any(each.has_steps for each in found) else _EDGES)) / 0.8
    return max(least, min(max(wanted, 24.0), room / max(rows, 1), _HIGHEST))


def band_places(places: FloatArray, *, row: float) -> tuple[FloatArray, FloatArray]:
    """Return the upper edges of places, in pixels from the top of the first row, and their heights.

    Parameters
    ----------
    places
        As of `Inside.places`.
    row
        The height of a row in pixels.
    """
    rows, band, of, below, of_below = places.T
    tall = 2 * half_height(row, inside=True) * row
    inset = min(_INSET, 0.15 * tall)
    tops, heights = _divided((rows + 0.5) * row - tall / 2 + inset, tall - 2 * inset, band, of)
    in_step = of_below > 0
    if not np.any(in_step):
        return tops, heights
    head = np.where(heights >= _named(places), _NAME, np.minimum(_INSET, 0.2 * heights))
    foot = np.minimum(_INSET, 0.2 * heights)
    room = heights - head - foot
    inner, shares = _divided(tops + head, room, below, np.maximum(of_below, 1))
    return np.where(in_step, inner, tops), np.where(in_step, shares, heights)


def _divided(
    top: FloatArray, height: FloatArray | float, band: FloatArray, of: FloatArray
) -> tuple[FloatArray, FloatArray]:
    share = height / of
    gap = np.where(share >= 2 * _BETWEEN + 2, _BETWEEN, 0.0) * (of > 1)
    return top + band * share, share - gap


def _named(places: FloatArray) -> float:
    """Return how high a step must be to have its name over its calls, which need room too."""
    most = float(np.max(places[:, 4], initial=1.0))
    return _NAME + _INSET + _HATCHED * max(most, 1.0)


def _clear_middle(start: float, end: float, bound: float | None, *, room: float) -> float | None:
    """Return the middle of a step, or of what is left of it beside the bound that would cross it.

    None where there is no room for its name.
    """
    middle = (start + end) / 2
    if bound is not None and abs(bound - middle) < room / 2:
        start, end = (start, bound) if bound - start > end - bound else (bound, end)
    return (start + end) / 2 if room <= end - start else None


def _write_name(axes: Axes, text: str, x: float, y: float) -> None:
    axes.annotate(
        text,
        (x, y),
        ha="center",
        va="baseline",
        size=_NAME_SIZE,
        color=INK,
        zorder=3.6,
        gid="step name",
    )


def _draw_backoff(axes: Axes, spans: FloatArray, middles: FloatArray) -> None:
    if not len(spans):
        return
    y = middles[spans[:, 2].astype(int)]
    dots = LineCollection(list(lines(spans[:, 0], y, spans[:, 1], y)), colors=BACKOFF_COLOUR)
    dots.set(linewidths=1.2, linestyles="dotted", zorder=3.4, gid="inside backoff")
    axes.add_collection(dots, autolim=False)


def _draw_ends(
    axes: Axes, inside: Inside, middles: FloatArray, *, row: float, tall: FloatArray
) -> None:
    for kind, ends in inside.marks.items():
        if len(ends) and row >= MARKED:
            place = ends[:, 1].astype(int)
            marks = mark(kind, row=float(np.median(tall[place])), x=ends[:, 0], y=middles[place])
            marks.set(zorder=4.5, gid=f"inside ends {kind}")
            axes.add_line(marks)
