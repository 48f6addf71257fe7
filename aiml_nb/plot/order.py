"""The order of completion against the order of submission, with notes under it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from ..analysis.arrays import Columns, FloatArray
from ..analysis.counts import count_made
from ..analysis.kinds import is_watched
from ..analysis.order import finishing_order, submission_order
from ..records import Run
from .style import AXIS_SIZE, BARS, DPI, MARKS
from .text import width_of

# More points than this hide each other: their density is drawn instead.
_MAX_POINTS = 2000
_CELLS = 50
_DENSITY = LinearSegmentedColormap.from_list(
    "density", ["white", BARS["waiting"].face, BARS["streaming"].face, "#003A5C"]
)


def draw_order(axes: Axes, run: Run) -> None:
    """Draw a point for each finished call, or for many calls their density."""
    points, n = _points(run), count_made(run)
    if len(points) > _MAX_POINTS:
        _draw_density(axes, points, n)
    else:
        _draw_points(axes, points)
    pad = 0.02 * n + 0.5
    axes.set(xlim=(1 - pad, n + pad), ylim=(1 - pad, n + pad))
    places = sorted({1, n})
    names = ["1", f"{n:,}" if n < 100_000 else f"{n / 1000:,.0f}k"][: len(places)]
    axes.tick_params(axis="both", labelbottom=True, length=3)
    axes.set_xticks(places, names)
    axes.set_yticks(places, names)
    # Flush with the end of the axis, where the page ends too.
    axes.get_xticklabels()[-1].set_horizontalalignment("right" if n > 1 else "center")
    axes.spines["left"].set_visible(True)
    words = "begun" if is_watched(run) else "submitted"
    axes.set_xlabel(words, size=AXIS_SIZE, labelpad=-6, x=_middle(axes, names, pad=pad, n=n))
    turned: dict[str, Any] = {"rotation": 90, "va": "center", "ha": "right", "size": AXIS_SIZE}
    axes.text(-0.05, 0.5, "finished", transform=axes.transAxes, **turned)


def _middle(axes: Axes, names: list[str], *, pad: float, n: int) -> float:
    """Return the middle between the two numbers of an axis, or beside one, as a share of it."""
    if n == 1:
        return 0.2
    wide = float(axes.bbox.width) * DPI / axes.figure.dpi
    first, last = (width_of(name, size=AXIS_SIZE) / wide for name in names)
    start = pad / (n - 1 + 2 * pad)
    return (start + first / 2 + 1 - start - last) / 2


def _draw_points(axes: Axes, points: FloatArray) -> None:
    failed = points[:, 2] > 0
    size = 3.2 if len(points) <= 400 else 2.0
    look: dict[str, Any] = {"ls": "none", "mew": 0.3, "mec": "white", "clip_on": False}
    ok, others = points[~failed], points[failed]
    axes.plot(ok[:, 0], ok[:, 1], "o", ms=size, mfc=BARS["streaming"].face, gid="ok", **look)
    marker, colour = MARKS["failed"]
    look |= {"mfc": colour, "zorder": 4, "gid": "not ok"}
    axes.plot(others[:, 0], others[:, 1], marker, ms=size + 2, **look)


def _points(run: Run) -> FloatArray:
    """Return rows of place in the order of submission, in that of finishing, and no answer."""
    columns = Columns.of(run)
    order = submission_order(run)
    finished = finishing_order(run)
    ranks: FloatArray = np.full(len(columns.calls), np.nan)
    ranks[finished] = np.arange(1.0, len(finished) + 1)
    lost = ~columns.answered
    rows = np.stack([np.arange(1.0, len(order) + 1), ranks[order], lost[order]], axis=1)
    return rows[~np.isnan(rows[:, 1])]


def _draw_density(axes: Axes, points: FloatArray, n: int) -> None:
    edges = np.linspace(0.5, n + 0.5, _CELLS + 1)
    counts, _, _ = np.histogram2d(points[:, 0], points[:, 1], bins=(edges, edges))
    # The square root keeps the few that are far from the diagonal visible.
    axes.pcolormesh(edges, edges, np.sqrt(counts.T), cmap=_DENSITY, gid="density")
