"""What bars, lines and marks are made of: one collection per state, however many there are."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D

from ..analysis.arrays import FloatArray
from .kinds import KIND_BARS
from .style import BARS, DPI, HATCHED, MARKS


def mark(
    kind: str, *, row: float, x: FloatArray | None = None, y: FloatArray | None = None
) -> Line2D:
    """Return the marks at the ends of failed or cancelled calls; without places, for a legend.

    Parameters
    ----------
    kind
        Of `style.MARKS`.
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


def bar_collection(
    rows: FloatArray, *, half: float | FloatArray, state: str, hatched: bool, outlined: bool
) -> PolyCollection:
    """Return bars of one state.

    Parameters
    ----------
    rows
        Of ``(start, end, y)``.
    half
        Half of the height of all of them, or of each.
    state
        Of `style.BARS` or `kinds.KIND_BARS`.
    hatched, outlined
        Whether there is room for a hatch, where the state has one, and else for a line around it.
    """
    look = BARS[state] if state in BARS else KIND_BARS[state]
    hatch = look.hatch if hatched else None
    return PolyCollection(
        corners(rows, half=half),  # type: ignore[arg-type]  # arrays are the fast way
        facecolors=look.face,
        edgecolors=look.edge if outlined or hatch else "none",
        linewidths=0.8 if outlined and look.edge != "white" else 0.0,
        hatch=hatch,
        clip_on=False,
        zorder=3,
        gid=f"bars {state}",
    )


def half_height(row: float, *, inside: bool = False) -> float:
    """Return half of a bar's height, in rows: never under half a pixel.

    Parameters
    ----------
    row
        The height of a row in pixels.
    inside
        True for bars with others in them, which need the room.
    """
    if row >= 20 and not inside:
        return 0.31
    if row >= HATCHED:
        return 0.4
    return max(0.5, 0.5 / row)


def pixels_per_second(axes: Axes) -> float:
    """Return the scale of a time axis, in pixels of the page at 100 dpi."""
    left, right = axes.get_xlim()
    return float(axes.bbox.width) * DPI / axes.figure.dpi / (right - left)


def corners(rows: FloatArray, *, half: float | FloatArray) -> FloatArray:
    """Return the corners of bars, rows of ``(start, end, y)``."""
    start, end, y = rows.T
    x = np.stack([start, end, end, start], axis=1)
    heights = np.stack([y - half, y - half, y + half, y + half], axis=1)
    return np.stack([x, heights], axis=2)


def lines(x: FloatArray, y: FloatArray, to_x: FloatArray, to_y: FloatArray) -> FloatArray:
    """Return lines from places to places."""
    return np.stack([np.stack([x, y], axis=1), np.stack([to_x, to_y], axis=1)], axis=1)
