"""Bars, lines and marks on an Axes: one collection per state, however many calls there are."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection

from ..analysis.arrays import FloatArray
from .artists import bar_collection, corners, half_height, lines, mark, pixels_per_second
from .inside_marks import draw_inside
from .segments import Segments
from .style import BACKOFF_COLOUR, HATCHED, MARKED, OUTLINED, PAUSE, QUEUED_COLOUR

# Outlines would be all there is to see of bars that are narrower, on average, than these pixels.
_WIDE = 3


def draw_segments(axes: Axes, drawn: Segments, *, row: float, bound: float | None = None) -> None:
    """Draw what happened to each call of a run.

    Parameters
    ----------
    axes
        Its x is in seconds, its y in calls from 0, downwards.
    drawn
        The run's bars, lines and marks.
    row
        The height of a row in pixels.
    bound
        Where the lower bound is drawn, in seconds: no words may lie there.
    """
    scale = pixels_per_second(axes)
    half = half_height(row, inside=drawn.inside is not None)
    draw_pauses(axes, drawn)
    if row >= HATCHED:
        axes.add_collection(_queued(drawn.lines["queued"], row=row), autolim=False)
    axes.add_collection(_backoff(drawn.lines["backoff"]), autolim=False)
    for state, rows in drawn.bars.items():
        if len(rows):
            wide = float(np.mean(rows[:, 1] - rows[:, 0])) * scale >= _WIDE
            bars = _bars(rows, state=state, row=row, wide=wide, half=half)
            axes.add_collection(bars, autolim=False)
    for kind, ends in drawn.marks.items():
        if len(ends) and row >= MARKED:
            axes.add_line(mark(kind, row=row, x=ends[:, 0], y=ends[:, 1]))
    if drawn.inside is not None:
        draw_inside(axes, drawn.inside, row=row, bound=bound)


def draw_pauses(axes: Axes, drawn: Segments) -> None:
    """Draw hatched bands over the whole height of Axes, behind all else, where nothing was sent."""
    if not len(drawn.pauses):
        return
    start, end = drawn.pauses.T
    bands = np.stack([start, end, np.full_like(start, 0.5)], axis=1)
    collection = PolyCollection(
        corners(bands, half=0.5),  # type: ignore[arg-type]
        facecolors=PAUSE.face,
        edgecolors=PAUSE.edge,
        linewidths=0.0,
        hatch=PAUSE.hatch,
        transform=axes.get_xaxis_transform(),
        zorder=0.4,
        gid="pauses",
    )
    axes.add_collection(collection, autolim=False)


def _bars(rows: FloatArray, *, state: str, row: float, wide: bool, half: float) -> PolyCollection:
    plain = row < HATCHED
    outlined = (row >= OUTLINED and wide) and not plain
    collection = bar_collection(rows, half=half, state=state, hatched=not plain, outlined=outlined)
    # Snapped to whole pixels, bars narrower than half of one would vanish.
    collection.set_snap(None if row >= HATCHED else False)
    return collection


def _queued(rows: FloatArray, *, row: float) -> LineCollection:
    """Return the waits in our own queue: a line each, with a tick at its start."""
    start, end, y = rows.T
    tick = min(4 / row, 0.3)
    strokes = np.concatenate([lines(start, y, end, y), lines(start, y - tick, start, y + tick)])
    return LineCollection(
        list(strokes), colors=QUEUED_COLOUR, linewidths=0.72, zorder=2, gid="lines queued"
    )


def _backoff(rows: FloatArray) -> LineCollection:
    start, end, y = rows.T
    return LineCollection(
        list(lines(start, y, end, y)),
        colors=BACKOFF_COLOUR,
        linewidths=1.2,
        linestyles="dotted",
        zorder=2.5,
        gid="lines backoff",
    )
