"""The large part of the layout "overview": how long calls took, over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from ..analysis.arrays import Columns, FloatArray
from ..analysis.bounds import origin_of
from ..records import Run
from .canvas import draw_steps, ticks
from .style import AXIS_SIZE, BARS

BINS = 60
_TICKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """The durations of the calls that finished in each stretch of time.

    Parameters
    ----------
    edges
        Between the stretches, in seconds.
    percentiles
        The 5th, 50th and 95th percentile in each of them.
    most
        The end of the axis, in seconds.
    places, numbers, unit
        Its ticks.
    """

    edges: FloatArray
    percentiles: FloatArray
    most: float
    places: list[float]
    numbers: list[str]
    unit: str

    def draw(self, axes: Axes) -> None:
        """Draw the median of the durations, and a band from the 5th to the 95th percentile."""
        low, middle, high = self.percentiles
        pale, strong = BARS["waiting"].face, BARS["streaming"].face
        draw_steps(axes, high, self.edges, base=low, color=pale, lw=0, gid="p5 to p95")
        draw_steps(axes, middle, self.edges, base=None, edgecolor=strong, lw=1.8, gid="median")
        axes.set_ylim(0, 1.06 * self.most)
        axes.set_yticks(self.places, self.numbers)
        axes.spines["left"].set_visible(True)
        axes.set_ylabel(f"{self.unit} per call", size=AXIS_SIZE)


def plan_durations(run: Run, *, horizon: float) -> Durations:
    """Plan the durations of a run, up to `horizon` seconds."""
    edges, percentiles = percentiles_over_time(run, horizon=horizon)
    most = max((value for value in percentiles[2].tolist() if value > 0), default=1.0)
    places, numbers, unit = ticks(most, most=_TICKS)
    return Durations(
        edges=edges,
        percentiles=percentiles,
        most=most,
        places=places,
        numbers=numbers,
        unit=unit,
    )


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
