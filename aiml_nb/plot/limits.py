"""The limit over time, under the rows of layout A."""

from __future__ import annotations

from dataclasses import dataclass

from ..records import Run
from .canvas import TICKS_AND_UNIT, Canvas, name_axes, show_times
from .legend import Entry
from .placing import TimeAxis
from .segments import segments
from .strips import draw_in_flight, limit_entries, limit_of

_TITLE, _STRIP = 24, 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The attempts in flight, and the limit that a run learned.

    Parameters
    ----------
    run
        The run.
    axis
        The time axis of what is above.
    """

    run: Run
    axis: TimeAxis

    @property
    def height(self) -> float:
        """Pixels."""
        return _TITLE + _STRIP + TICKS_AND_UNIT

    def entries(self) -> list[Entry]:
        """Return its part of the legend."""
        return limit_entries(limit_of(self.run))

    def draw(self, canvas: Canvas, *, top: float) -> None:
        """Draw the strip."""
        width = self.axis.right - self.axis.left
        axes = canvas.axes(self.axis.left, top + _TITLE, width, _STRIP)
        name_axes(axes, "Attempts and the limit")
        horizon = self.axis.horizon
        draw_in_flight(axes, self.run, segments(self.run), horizon=horizon, width=width)
        show_times(axes, horizon, last=True)
