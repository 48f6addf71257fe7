"""The large part of the layout "overview": how long calls took, over time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from ..analysis.arrays import Columns, FloatArray
from ..analysis.bounds import origin_of
from ..records import Run
from .canvas import draw_steps, ticks
from .style import AXIS_SIZE, BARS

BINS = 60


def draw_durations(axes: Axes, run: Run, *, horizon: float) -> None:
    """Draw the median of the durations, and a band from the 5th to the 95th percentile."""
    edges, (low, middle, high) = percentiles_over_time(run, horizon=horizon)
    most = max((value for value in high.tolist() if value > 0), default=1.0)
    pale, strong = BARS["waiting"].face, BARS["streaming"].face
    draw_steps(axes, high, edges, base=low, color=pale, lw=0, gid="p5 to p95")
    draw_steps(axes, middle, edges, base=None, edgecolor=strong, lw=1.8, gid="median")
    axes.set_ylim(0, 1.06 * most)
    places, texts, unit = ticks(most, most=4)
    axes.set_yticks(places, texts)
    axes.spines["left"].set_visible(True)
    axes.set_ylabel(f"{unit} per call", size=AXIS_SIZE)


def percentiles_over_time(run: Run, *, horizon: float) -> tuple[FloatArray, FloatArray]:
    """Return the 5th, 50th and 95th percentiles of the durations of the answers that come then.

    Returns
    -------
    tuple
        The edges of 60 stretches of time, and three rows of 60 values, seconds; NaN where no call
        finished.
    """
    columns = Columns.of(run)
    done = columns.answered & ~np.isnan(columns.duration)
    ends, durations = columns.finished[done] - origin_of(run), columns.duration[done]
    edges = np.linspace(0.0, horizon, BINS + 1)
    places = np.clip(np.searchsorted(edges, ends, side="left") - 1, 0, BINS - 1)
    values = np.full((3, BINS), np.nan)
    for i in np.unique(places):
        values[:, i] = np.percentile(durations[places == i], (5, 50, 95))
    return edges, values
