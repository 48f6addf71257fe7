"""The event loop's own lane, under the calls: when it was held, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.patches import Patch

from ..analysis.bounds import origin_of
from ..records import Run
from ..report.loop_delays import tell_loop_delays
from .canvas import Canvas, show_times
from .geometry import TimeAxis
from .legend import Entry
from .style import GREY, PANEL_TITLE_SIZE
from .text import cut, drawable

_TITLE, _LANE, _BELOW = 20, 16, 8  # pixels
_HELD: dict[str, Any] = {"facecolor": "#A4001D", "edgecolor": "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopLane:
    """A lane of a run whose event loop was held.

    Parameters
    ----------
    run
        The run.
    axis
        The time axis of what is above.
    name
        What the run is called, where there are several.
    """

    run: Run
    axis: TimeAxis
    name: str = ""

    @property
    def height(self) -> float:
        """Pixels."""
        return _TITLE + _LANE + _BELOW

    def entries(self) -> list[Entry]:
        """Return its part of the legend."""
        return [("event loop held: no call could go on", Patch(**_HELD))]

    def draw(self, canvas: Canvas, *, top: float) -> None:
        """Draw the lane."""
        axis = self.axis
        title = f"Event loop{f' of {self.name}' if self.name else ''}: {tell_loop_delays(self.run)}"
        room, size = axis.right - axis.left, PANEL_TITLE_SIZE
        title = cut(drawable(title, others=()), width=room, size=size, bold=True)
        canvas.write(axis.left, top + _TITLE - 6, title, size=size, bold=True)
        axes = canvas.axes(axis.left, top + _TITLE, axis.right - axis.left, _LANE)
        show_times(axes, axis.horizon, last=False)
        axes.set_ylim(0, 1)
        axes.set_yticks([])
        axes.axhline(0.5, color=GREY, lw=1.0, zorder=2)
        origin = origin_of(self.run)
        for delay in self.run.loop_delays:
            bar = axes.barh(0.5, delay.duration, left=delay.started - origin, height=0.9, **_HELD)
            bar[0].set(gid="loop held", zorder=5)


def loop_lanes(runs: Sequence[Run], axis: TimeAxis) -> list[LoopLane]:
    """Return a lane for each run whose event loop was held.

    Parameters
    ----------
    runs
        The runs that are drawn.
    axis
        Their time axis.
    """
    several = len(runs) > 1
    return [
        LoopLane(run=run, axis=axis, name=run.strategy if several else "")
        for run in runs
        if run.loop_delays
    ]
