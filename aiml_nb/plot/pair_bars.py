"""Two bars on one time axis, and the wedge from the second to what is drawn enlarged below."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..analysis.pairs import pair_times
from ..records import Run
from ..report.wording import concurrent_name, format_seconds, in_both, pace, sync_name
from .canvas import Canvas
from .style import AXIS_SIZE, BARS, INK, NOTE_INK, NOTE_SIZE, RULE
from .text import width_of, wrapped

SYNC_COLOUR = "#BDC4C9"
_BAR = 15
# Pixels: of the two bars, and of the wedge and the words under them.
BARS_HEIGHT = 2 * _BAR + 6
WEDGE_HEIGHT = 46
_GAP = 5
_NOTE_LINE = 14
# Pixels from the end of what is enlarged to a title beside it, and how high that is.
_ASIDE, _TITLE = 40, 20


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
        faces, edges = zip((SYNC_COLOUR, RULE), (BARS["streaming"].face,) * 2, strict=True)
        axes.barh([0, 1], spans, height=0.8, color=faces, edgecolor=edges, linewidth=0.8)
        times = pair_times(self.sync, self.concurrent)
        more = ""
        if 0 < times.kept < times.prompts:  # the headline counts fewer prompts than the bar
            more = f"  ({format_seconds(times.sync)} for the {times.kept:,} {in_both(times.cut)})"
        self._write(axes, 0, more, colours=(INK, INK))
        more = f"  ({pace(times.ratio)})" if times.kept > 1 else ""
        self._write(axes, 1, more, colours=(INK, "white"), bold=True)

    def draw_wedge(
        self, canvas: Canvas, *, top: float, to: tuple[float, float], words: Note
    ) -> None:
        """Draw lines from the second bar's ends down to the ends of what is below.

        Parameters
        ----------
        canvas
            The page.
        top
            Where the bars began, in pixels.
        to
            Where the enlarged time axis begins and ends, in pixels.
        words
            What is written between; the lines end above it if one would cross it, and above the
            title beside it.
        """
        start, end = top + BARS_HEIGHT - 2, top + BARS_HEIGHT + WEDGE_HEIGHT
        ends = (self.left, self.left + self._px(self.concurrent.makespan))
        crossed = to[1] - (to[1] - ends[1]) * words.height / (end - start)
        if len(words.lines) > 1 or crossed < words.right + _GAP:
            end += words.more - words.height
        elif ends[1] > to[1] + _ASIDE:
            end -= _TITLE
        for upper, lower in zip(ends, to, strict=True):
            x, y = (upper / canvas.width, lower / canvas.width), (start, end)
            heights = [1 - value / canvas.height for value in y]
            canvas.figure.add_artist(Line2D(x, heights, color=RULE, linewidth=0.8))

    @property
    def _longest(self) -> float:
        return max(self.sync.makespan, self.concurrent.makespan) or 1.0

    def _px(self, time: float) -> float:
        return time / self._longest * (self.right - self.left)

    def _write(
        self, axes: Axes, row: int, more: str, *, colours: tuple[str, str], bold: bool = False
    ) -> None:
        """Write right of a bar, or at its end where there is no room beside it.

        The time of its run, and what more there is to say, if there is room for it.
        """
        time = (self.sync, self.concurrent)[row].makespan
        text = f"{format_seconds(time)}{more}"
        beside = self.right - self.left - self._px(time)
        needed = width_of(text, size=AXIS_SIZE, bold=bold) + _GAP
        if needed > max(beside, self._px(time)):
            text = format_seconds(time)
            needed = width_of(text, size=AXIS_SIZE, bold=bold) + _GAP
        outside = needed <= beside
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is written over the enlarged part, to say what it shows.

    Parameters
    ----------
    lines
        The lines.
    left
        Where they begin, in pixels.
    """

    lines: list[str]
    left: float

    @property
    def height(self) -> float:
        """Pixels."""
        return _NOTE_LINE * len(self.lines)

    @property
    def more(self) -> float:
        """The pixels of all lines but the first, for which there is always room."""
        return _NOTE_LINE * max(0, len(self.lines) - 1)

    @property
    def right(self) -> float:
        """Where the widest line ends, in pixels."""
        return self.left + max((width_of(line, size=NOTE_SIZE) for line in self.lines), default=0)

    def draw(self, canvas: Canvas, *, bottom: float) -> None:
        """Write it just over what begins at `bottom`."""
        for i, line in enumerate(reversed(self.lines)):
            y = bottom - 4 - _NOTE_LINE * i
            canvas.write(self.left, y, line, size=NOTE_SIZE, colour=NOTE_INK)


def plan_note(text: str, *, left: float, right: float) -> Note:
    """Break a note into lines between two places, in pixels."""
    left += _GAP
    return Note(lines=wrapped(text, width=right - left, size=NOTE_SIZE), left=left)
