"""Repeated comparisons: the speed-up of each pair of runs as a dot, and their interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from matplotlib.axes import Axes

from ..analysis.pairs import interval, pair_ratios, speedup
from ..records import Comparison
from ..report.wording import concurrent_name
from .canvas import Canvas
from .legend import Entry
from .style import AXIS_SIZE, BARS, EDGE, GREY, INK, NOTE_SIZE
from .text import width_of

_ABOVE, _STRIP, _BELOW = 24, 62, 44
_MARGIN = 16
# The axis shows the interval up to this factor beyond the dots; with few pairs it may be far wider,
# and its ends are in the headline.
_REACH = 3.0
# Round ratios for wide axes and for narrow ones.
_STEPS = (
    (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8),
    (*(1 + i / 20 for i in range(20)), *(2 + i / 5 for i in range(40))),
    tuple(1 + i / 100 for i in range(900)),
)
_MIN_TICKS = 4  # with fewer a finer set of ratios is tried
# The fractions of successive multiples of the golden ratio are spread evenly: dots of equal ratios
# get different heights, and the same ones each time.
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """The strip of dots.

    Parameters
    ----------
    ratios
        The speed-up of each pair.
    middle, ends
        The speed-up of all, and its interval.
    name
        What the concurrent side is called.
    width
        Of the page, in pixels.
    """

    ratios: list[float]
    middle: float
    ends: tuple[float, float]
    name: str
    width: float

    @property
    def height(self) -> float:
        """Pixels."""
        return _ABOVE + _STRIP + _BELOW

    def entries(self) -> list[Entry]:
        """Return its part of the legend: it has none, since its words are beside its parts."""
        return []

    def draw(self, canvas: Canvas, *, top: float) -> None:
        """Draw the strip."""
        axes = canvas.axes(_MARGIN, top + _ABOVE, self.width - 2 * _MARGIN, _STRIP)
        least, most = self._range()
        axes.set(xscale="log", xlim=(least, most), ylim=(0, 1), yticks=[])
        axes.axvspan(*self.ends, 0.06, 0.94, color=BARS["waiting"].face, lw=0, gid="interval")
        axes.plot([self.middle] * 2, [0.04, 0.96], color=BARS["streaming"].face, lw=2.5)
        axes.plot([1, 1], [0, 1], color=INK, lw=1.3)
        heights = [0.15 + 0.7 * (i * _GOLDEN % 1) for i in range(1, len(self.ratios) + 1)]
        axes.plot(self.ratios, heights, "o", ms=6, mfc=INK, mec="white", mew=0.8, gid="pairs")
        axes.annotate(
            "same speed",
            (1, 1),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            size=NOTE_SIZE,
            annotation_clip=False,
        )
        self._show_ratios(axes, least, most)

    def _range(self) -> tuple[float, float]:
        """Return the ends of the axis, with room for the words at the line at 1."""
        low, high = min(self.ratios), max(self.ratios)
        least = min(1.0, low, max(self.ends[0], low / _REACH))
        most = max(1.0, high, min(self.ends[1], high * _REACH))
        room = max((most / least) ** 0.08, 1.06)
        return least / room, most * room

    def _show_ratios(self, axes: Axes, least: float, most: float) -> None:
        places = _places(least, most, room=self.width - 2 * _MARGIN)
        axes.set_xticks(places, [f"{place:.3g}×" for place in places])
        axes.set_xticks([], minor=True)
        axes.tick_params(axis="x", length=3, labelbottom=True, color=GREY)
        axes.set_xlabel(
            f"speed-up of {self.name} over sync, one dot per pair of runs (log scale)",
            size=AXIS_SIZE,
            labelpad=3,
        )


def plan_repeats(comparison: Comparison, *, width: float) -> Repeats | None:
    """Plan the strip of dots; None if there are fewer than two pairs to compare.

    Parameters
    ----------
    comparison
        The pairs.
    width
        Of the page, in pixels.
    """
    ends, middle = interval(comparison), speedup(comparison)
    if ends is None or middle is None:
        return None
    return Repeats(
        ratios=pair_ratios(comparison),
        middle=middle,
        ends=ends,
        name=concurrent_name(comparison.pairs[0][1]),
        width=width,
    )


def _places(least: float, most: float, *, room: float) -> list[float]:
    """Return round ratios, and their inverses below 1, whose texts do not touch."""
    for steps in _STEPS:
        chosen = _places_among(steps, least, most, room=room)
        if len(chosen) >= _MIN_TICKS:
            break
    return chosen


def _places_among(steps: Sequence[float], least: float, most: float, *, room: float) -> list[float]:
    scale = room / log(most / least)
    apart = max(width_of(f"{end:.2g}×", size=AXIS_SIZE) for end in (least, 0.95, most)) + EDGE
    # Texts at the very ends would leave the page.
    least, most = least * exp(_MARGIN / scale), most / exp(_MARGIN / scale)
    rounds = [step * 10**power for power in range(4) for step in steps]
    chosen = [1.0]
    for side in (rounds, [float(f"{1 / value:.2g}") for value in rounds]):
        last = 1.0
        for value in side:
            if least <= value <= most and abs(log(value / last)) * scale >= apart:
                chosen.append(value)
                last = value
    return sorted(chosen)
