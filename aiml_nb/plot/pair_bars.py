"""Two bars on one time axis, and the wedge from the second to what is drawn enlarged below."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..analysis.pairs import pair_times
from ..records import Run
from ..report.wording import concurrent_name, format_seconds, in_both, pace, sync_name
from .canvas import Canvas
from .style import AXIS_SIZE, BARS, INK, NOTE_SIZE, RULE, WIDTH
from .text import width_of

SYNC_COLOUR = "#BDC4C9"
_BAR = 15
# Pixels: of the two bars, and of the wedge and the words under them.
BARS_HEIGHT = 2 * _BAR + 6
WEDGE_HEIGHT = 46
_GAP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PairBars:
    """A sync and a concurrent run as two bars.

    Parameters
    ----------
    sync, concurrent
        The runs.
    left, right
        Where the time axis begins and ends, in pixels.
    """

    sync: Run
    concurrent: Run
    left: float
    right: float

    def draw(self, canvas: Canvas, *, top: float) -> None:
        """Draw the bars."""
        spans = [self.sync.makespan, self.concurrent.makespan]
        axes = canvas.axes(self.left, top + 4, self.right - self.left, 2 * _BAR)
        axes.spines["bottom"].set_visible(False)
        axes.set(xlim=(0, self._longest), ylim=(1.5, -0.5), xticks=[])
        axes.set_yticks([0, 1], [sync_name(self.sync), concurrent_name(self.concurrent)])
        axes.barh([0, 1], spans, height=0.8, color=[SYNC_COLOUR, BARS["streaming"].face])
        times = pair_times(self.sync, self.concurrent)
        said = format_seconds(spans[0])
        if 0 < times.kept < times.prompts:  # the headline counts fewer prompts than the bar
            said += f"  ({format_seconds(times.sync)} for the {times.kept:,} {in_both(times.cut)})"
        self._write(axes, 0, said, colours=(INK, INK))
        said = format_seconds(spans[1]) + (f"  ({pace(times.ratio)})" if times.kept > 1 else "")
        self._write(axes, 1, said, colours=(INK, "white"), bold=True)

    def draw_wedge(self, canvas: Canvas, *, top: float, to: tuple[float, float]) -> None:
        """Draw lines from the second bar's ends down to the ends of what is below.

        Parameters
        ----------
        canvas
            The page.
        top
            Where the bars began, in pixels.
        to
            Where the enlarged time axis begins and ends, in pixels.
        """
        start, end = top + BARS_HEIGHT - 2, top + BARS_HEIGHT + WEDGE_HEIGHT
        ends = (self.left, self.left + self._px(self.concurrent.makespan))
        for upper, lower in zip(ends, to, strict=True):
            x, y = (upper / WIDTH, lower / WIDTH), (start, end)
            heights = [1 - value / canvas.height for value in y]
            canvas.figure.add_artist(Line2D(x, heights, color=RULE, linewidth=0.8))

    @property
    def _longest(self) -> float:
        return max(self.sync.makespan, self.concurrent.makespan) or 1.0

    def _px(self, time: float) -> float:
        return time / self._longest * (self.right - self.left)

    def _write(
        self, axes: Axes, row: int, text: str, *, colours: tuple[str, str], bold: bool = False
    ) -> None:
        """Write right of a bar, or at its end where there is no room beside it."""
        time = (self.sync, self.concurrent)[row].makespan
        needed = width_of(text, size=AXIS_SIZE, bold=bold) + _GAP
        outside = self._px(time) + needed <= self.right - self.left
        axes.annotate(
            text,
            (time, row),
            xytext=(_GAP * 0.72 if outside else -_GAP * 0.72, 0),
            textcoords="offset points",
            ha="left" if outside else "right",
            va="center_baseline",
            size=AXIS_SIZE,
            weight="bold" if bold else "normal",
            color=colours[0 if outside else 1],
            annotation_clip=False,
        )


def write_note(canvas: Canvas, text: str, *, left: float, bottom: float) -> None:
    """Write what the enlarged part shows, just over it."""
    canvas.write(left + 5, bottom - 4, text, size=NOTE_SIZE, colour="#444444")
