"""Strips under a time axis: how much was in flight, and how much was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from ..analysis.arrays import Columns, FloatArray, known
from ..analysis.bounds import origin_of, peak_in_flight
from ..analysis.counts import count_made, retried
from ..records import Run
from ..report.wording import mean_in_words, pluralize
from .canvas import TICKS_AND_UNIT, Canvas, draw_steps, show_times
from .geometry import TimeAxis
from .kinds import KIND_BARS
from .legend import Entry
from .levels import at_once, count_in_flight
from .limit import Limit, draw_limit, limit_entries, limit_of
from .marks import draw_pauses
from .segments import Segments, segments
from .style import AXIS_SIZE, BACKOFF_COLOUR, BARS, DPI, FAILED_INK, NOTE_SIZE
from .text import width_of

_RESTING: dict[str, Any] = {
    "facecolor": BARS["retried"].face,
    "edgecolor": BACKOFF_COLOUR,
    "hatch": "....",
    "lw": 0,
}
# Pixels of the strip that is a block of its own, and of its title.
_TITLE, _STRIP = 24, 110
# Pixels: before the numbers at the left, with the words that stand upright there; the height of a
# number, and from a line to what is written at it.
LEFT_OF_NUMBERS = 34
_NUMBER_HEIGHT, _GAP = 13, 5


def left_of_strip(run: Run) -> float:
    """Return the pixels that the numbers left of a strip take, with what is before them."""
    limit = limit_of(run)
    most = max([peak_in_flight(run), *(limit.limits if limit else [])])
    return LEFT_OF_NUMBERS + width_of(f"{most:,}", size=AXIS_SIZE)


def in_flight_entries(run: Run, limit: Limit | None) -> list[Entry]:
    """Return the legend of what stands above the attempts in flight, and of the limit."""
    made: list[Entry] = []
    if retried(run):
        made.append(("backing off, not in flight", Patch(**_RESTING)))
    return made + limit_entries(limit)


def draw_in_flight(
    canvas: Canvas,
    axes: Axes,
    run: Run,
    drawn: Segments,
    *,
    horizon: float,
    width: float,
    bound: float | None = None,
) -> None:
    """Draw how many attempts were in flight, with the back-off above them, and the limit.

    Parameters
    ----------
    canvas, axes
        The page, and where on it; x is seconds.
    run, drawn
        The run, and what is drawn of it.
    horizon, width
        The end of the axis in seconds, and how many pixels it has: one step for each.
    bound
        Where the lower bound will be drawn over it, in seconds.
    """
    draw_pauses(axes, drawn)
    edges = np.linspace(0.0, horizon, int(width) + 1)
    zeros = np.zeros(len(edges) - 1)
    flight = count_in_flight(Columns.of(run), drawn, edges)
    if flight.functions is not None:
        look = KIND_BARS["function"]
        for base, line in ((zeros, {"lw": 0}), (None, {"lw": 1.0, "edgecolor": look.edge})):
            colour = {} if base is None else {"color": look.face}
            draw_steps(axes, flight.functions, edges, base=base, gid="function", **line, **colour)
    below = zeros
    for state, level in flight.levels.items():
        draw_steps(axes, level, edges, base=below, gid=state, **_area(state))
        below = level
    if len(flight.backoff):
        resting = below + at_once([flight.backoff], edges)
        draw_steps(axes, resting, edges, base=below, gid="backoff", **_RESTING)
        below = resting
    limit = limit_of(run)
    limits = limit.limits if limit else []
    most = float(max(1.0, float(below.max()), peak_in_flight(run), *limits))
    draw_limit(axes, limit, horizon=horizon, most=most)
    top = max(1, *(limits or [peak_in_flight(run)]))
    axes.set_ylim(0, 1.1 * most)
    number_strip(axes, top, most=1.1 * most)
    axes.set_ylabel("in flight", size=AXIS_SIZE)
    axes.set_xlim(0, horizon)
    canvas.write_in(axes, mean_in_words(run), bound=bound)


def number_strip(axes: Axes, top: int, *, most: float) -> None:
    """Write the numbers of a strip: 0 and `top`, unless that is so low that the two would touch."""
    tall = float(axes.bbox.height) * DPI / axes.figure.dpi
    shown = [0, top] if top / most * tall >= _NUMBER_HEIGHT else [top]
    axes.set_yticks(shown, [f"{number:,}" for number in shown])


def _area(state: str) -> dict[str, Any]:
    """Return how the calls in flight of a state are drawn."""
    if state in BARS:
        return {"color": BARS[state].face, "lw": 0}
    look = KIND_BARS[state]
    return {"facecolor": look.face, "edgecolor": look.edge, "hatch": look.hatch, "lw": 0}


def draw_done(axes: Axes, run: Run, *, bound: float | None, horizon: float) -> None:
    """Draw how many calls were done when, and the straight line to the lower bound.

    Parameters
    ----------
    axes
        Its x is seconds.
    run
        The run.
    bound, horizon
        The lower bound and the end of the axis, in seconds.
    """
    columns = Columns.of(run)
    n = count_made(run)
    ends = columns.finished - origin_of(run)
    ok, failed = (np.sort(known(ends[each])) for each in (columns.answered, ~columns.answered))
    _draw_count(axes, ok, horizon=horizon, colour=BARS["streaming"].face, gid="done ok")
    if len(failed):
        _draw_count(axes, failed, horizon=horizon, colour=BARS["failed"].face, gid="done other")
        axes.lines[-1].set(marker="X", ms=6, mec="white", mew=0.6, ls="-.", lw=1.2, clip_on=False)
        axes.lines[-1].set_markevery((0.03, 0.08))
        _write_failed(axes, len(failed), n=n, bound=bound, horizon=horizon)
    if bound is not None:
        timed = len(known(columns.duration))
        axes.plot([0, bound], [0, timed], ls="--", color="black", lw=1.0, gid="done bound")
        axes.lines[-1].set_zorder(3)
    axes.set_ylim(0, 1.08 * n)
    number_strip(axes, n, most=1.08 * n)
    axes.set_ylabel("done", size=AXIS_SIZE)


def _draw_count(axes: Axes, stamps: FloatArray, *, horizon: float, colour: str, gid: str) -> None:
    times = np.concatenate([[0.0], stamps, [horizon]])
    counts = np.concatenate([np.arange(len(stamps) + 1), [len(stamps)]])
    axes.step(times, counts, where="post", color=colour, lw=1.6, zorder=4, gid=gid)


def _write_failed(axes: Axes, failed: int, *, n: int, bound: float | None, horizon: float) -> None:
    """Write how many calls failed, over their line, on that side of the bound that has room."""
    words = f"{pluralize(failed, 'call')} not ok"
    needed = width_of(words, size=NOTE_SIZE) + 2 * _GAP
    scale = float(axes.bbox.width) * DPI / axes.figure.dpi / horizon
    is_near = bound is not None and bound * scale >= needed > (horizon - bound) * scale
    axes.annotate(
        words,
        (bound if bound is not None and is_near else horizon, failed),
        xytext=(-_GAP * 72 / DPI, 4),
        textcoords="offset points",
        ha="right",
        size=NOTE_SIZE,
        color=FAILED_INK,
        zorder=6,
    )


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
        return in_flight_entries(self.run, limit_of(self.run))

    def draw(self, canvas: Canvas, *, top: float) -> None:
        """Draw the strip."""
        width = self.axis.right - self.axis.left
        axes = canvas.axes(self.axis.left, top + _TITLE, width, _STRIP)
        canvas.name(axes, "Attempts and the limit")
        horizon, drawn = self.axis.horizon, segments(self.run)
        draw_in_flight(canvas, axes, self.run, drawn, horizon=horizon, width=width)
        show_times(axes, horizon, last=True)
