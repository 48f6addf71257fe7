"""What each worker had in flight over time, for a run of more calls than lanes can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from ..analysis.arrays import FloatArray
from ..analysis.bounds import origin_of
from ..analysis.kinds import is_watched
from ..analysis.workers import Band, in_flight_by_worker, workers
from ..records import Run
from .bands import STRIP_GAP, draw_bands
from .canvas import TICKS_AND_UNIT, Canvas, show_times
from .detail_view import DetailView
from .geometry import TimeAxis
from .legend import Entry
from .levels import at_once
from .style import BARS

# Pixels: of the title; of a worker's row, if all of them have room; of one step of time.
_TITLE, _HIGHEST, _HEIGHT, _STEP = 24, 16.0, 320.0, 4
_SHADES = LinearSegmentedColormap.from_list(
    "in flight", ["white", BARS["waiting"].face, BARS["streaming"].face, "#003A5C"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStrip:
    """A row for each worker, the darker the more attempts it had in flight.

    Parameters
    ----------
    run
        The run.
    axis
        The time axis of what is above.
    names
        What each worker is called.
    """

    run: Run
    axis: TimeAxis
    names: dict[str | None, str]

    @property
    def height(self) -> float:
        """Pixels."""
        return _TITLE + self._row * len(workers(self.run)) + TICKS_AND_UNIT

    def entries(self) -> list[Entry]:
        """Return its part of the legend: its title says it."""
        return []

    def draw(self, canvas: Canvas, *, top: float) -> None:
        """Draw the rows."""
        axis, row, names = self.axis, self._row, workers(self.run)
        width = axis.right - axis.left
        axes = canvas.axes(axis.left, top + _TITLE, width, row * len(names))
        edges = np.linspace(0.0, axis.horizon, int(width / _STEP) + 1)
        levels = in_flight_levels(self.run, edges)
        most = float(levels.max(initial=0.0))
        canvas.name(axes, f"In flight at each worker: the darker the more, up to about {most:,.0f}")
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.pcolormesh(
            edges, np.arange(len(names) + 1) - 0.5, levels, cmap=_SHADES, vmin=0.0,
            vmax=max(most, 1.0), gid="in flight by worker",
        )  # fmt: skip
        axes.set_yticks([])
        bands = [Band(name, place, 1) for place, name in enumerate(names)]
        draw_bands(axes, bands, self.names, row=row, right=STRIP_GAP)
        show_times(axes, axis.horizon, last=True, watched=is_watched(self.run))

    @property
    def _row(self) -> float:
        return min(_HIGHEST, _HEIGHT / len(workers(self.run)))


def worker_strips(body: DetailView) -> list[WorkerStrip]:
    """Return the strip under durations of calls that several workers sent; none for others."""
    if body.durations is None or len(workers(body.run)) < 2:
        return []
    return [WorkerStrip(run=body.run, axis=body.axis, names=body.band_names)]


def in_flight_levels(run: Run, edges: FloatArray) -> FloatArray:
    """Return the attempts in flight at each worker, a row each, on average between two edges."""
    origin = origin_of(run)
    spans = in_flight_by_worker(run).values()
    return np.stack([at_once([_at_origin(each, origin)], edges) for each in spans])


def _at_origin(spans: FloatArray, origin: float) -> FloatArray:
    return np.column_stack([spans - origin, np.zeros(len(spans))])
