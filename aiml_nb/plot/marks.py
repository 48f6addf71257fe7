"""Bars, lines and marks on an Axes: one collection per state, however many calls there are."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D

from ..analysis.arrays import FloatArray
from .segments import Segments
from .style import BACKOFF_COLOUR, BARS, HATCHED, MARKED, MARKS, OUTLINED, PAUSE, QUEUED_COLOUR

# Outlines would be all there is to see of bars that are narrower, on average, than these pixels.
_WIDE = 3


def draw_segments(axes: Axes, drawn: Segments, *, row: float) -> None:
    """Draw what happened to each call of a run.

    Parameters
    ----------
    axes
        Its x is in seconds, its y in calls from 0, downwards.
    drawn
        The run's bars, lines and marks.
    row
        The height of a row in pixels.
    """
    left, right = axes.get_xlim()
    scale = axes.bbox.width / (right - left)
    draw_pauses(axes, drawn)
    if row >= HATCHED:
        axes.add_collection(_queued(drawn.lines["queued"], row=row), autolim=False)
    axes.add_collection(_backoff(drawn.lines["backoff"]), autolim=False)
    for state, rows in drawn.bars.items():
        if len(rows):
            wide = float(np.mean(rows[:, 1] - rows[:, 0])) * scale >= _WIDE
            axes.add_collection(_bars(rows, state=state, row=row, wide=wide), autolim=False)
    for kind, ends in drawn.marks.items():
        if len(ends) and row >= MARKED:
            axes.add_line(mark(kind, row=row, x=ends[:, 0], y=ends[:, 1]))


def draw_pauses(axes: Axes, drawn: Segments) -> None:
    """Draw hatched bands over the whole height of Axes, behind all else, where nothing was sent."""
    if not len(drawn.pauses):
        return
    start, end = drawn.pauses.T
    bands = np.stack([start, end, np.full_like(start, 0.5)], axis=1)
    collection = PolyCollection(
        _corners(bands, half=0.5),  # type: ignore[arg-type]
        facecolors=PAUSE.face,
        edgecolors=PAUSE.edge,
        linewidths=0.0,
        hatch=PAUSE.hatch,
        transform=axes.get_xaxis_transform(),
        zorder=0.4,
        gid="pauses",
    )
    axes.add_collection(collection, autolim=False)


def mark(
    kind: str, *, row: float, x: FloatArray | None = None, y: FloatArray | None = None
) -> Line2D:
    """Return the marks at the ends of failed or cancelled calls; without places, for a legend.

    Parameters
    ----------
    kind
        ``failed`` or ``cancelled``.
    row
        The height of a row in pixels.
    x, y
        Where.
    """
    marker, colour = MARKS[kind]
    size, edge = (8.0 if marker == "X" else 6.5, 0.8) if row >= HATCHED else (4.5, 0.4)
    return Line2D(
        [] if x is None else x,
        [] if y is None else y,
        linestyle="none",
        marker=marker,
        markersize=size,
        markerfacecolor=colour,
        markeredgecolor="white",
        markeredgewidth=edge,
        clip_on=False,
        zorder=5,
        gid=f"ends {kind}",
    )


def _bars(rows: FloatArray, *, state: str, row: float, wide: bool) -> PolyCollection:
    look, plain = BARS[state], row < HATCHED
    outlined = (row >= OUTLINED and wide) or look.hatch is not None
    collection = PolyCollection(
        _corners(rows, half=_half_height(row)),  # type: ignore[arg-type]  # arrays are the fast way
        facecolors=look.face,
        edgecolors=look.edge if outlined and not plain else "none",
        linewidths=0.0 if plain or not outlined or look.hatch else 0.8,
        hatch=None if plain else look.hatch,
        clip_on=False,
        zorder=3,
        gid=f"bars {state}",
    )
    # Snapped to whole pixels, bars narrower than half of one would vanish.
    collection.set_snap(None if row >= HATCHED else False)
    return collection


def _half_height(row: float) -> float:
    """Return half of a bar's height, in rows: never under half a pixel."""
    if row >= 20:
        return 0.31
    if row >= HATCHED:
        return 0.4
    return max(0.5, 0.5 / row)


def _corners(rows: FloatArray, *, half: float) -> FloatArray:
    start, end, y = rows.T
    x = np.stack([start, end, end, start], axis=1)
    heights = np.stack([y - half, y - half, y + half, y + half], axis=1)
    return np.stack([x, heights], axis=2)


def _queued(rows: FloatArray, *, row: float) -> LineCollection:
    """Return the waits in our own queue: a line each, with a tick at its start."""
    start, end, y = rows.T
    tick = min(4 / row, 0.3)
    lines = np.concatenate([_lines(start, y, end, y), _lines(start, y - tick, start, y + tick)])
    return LineCollection(
        list(lines), colors=QUEUED_COLOUR, linewidths=0.72, zorder=2, gid="lines queued"
    )


def _backoff(rows: FloatArray) -> LineCollection:
    start, end, y = rows.T
    return LineCollection(
        list(_lines(start, y, end, y)),
        colors=BACKOFF_COLOUR,
        linewidths=1.2,
        linestyles="dotted",
        zorder=2.5,
        gid="lines backoff",
    )


def _lines(x: FloatArray, y: FloatArray, to_x: FloatArray, to_y: FloatArray) -> FloatArray:
    return np.stack([np.stack([x, y], axis=1), np.stack([to_x, to_y], axis=1)], axis=1)
