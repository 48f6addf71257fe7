"""A figure measured in pixels from its top left corner, and Axes in our style."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.ticker import MaxNLocator

from ..analysis.arrays import FloatArray
from .style import AXIS_SIZE, DPI, EDGE, GREY, GRID, INK, NOTE_SIZE, PANEL_TITLE_SIZE
from .text import cut, drawable, width_of, wrapped

# Under the lowest Axes of a block: the ticks, their texts and the unit.
TICKS_AND_UNIT = 44
# Pixels between the texts of ticks at least, and left of a note within Axes.
_TICK_GAP, _INDENT = 8, 4
_MAX_TICKS = 9
# From this many seconds on, the seconds of a unit, and its name.
_UNITS = (
    (7200, 3600, "hours"),
    (600, 60, "minutes"),
    (0.1, 1, "seconds"),
    (0, 0.001, "milliseconds"),
)


@dataclass(frozen=True, slots=True)
class Canvas:
    """Where to draw.

    Parameters
    ----------
    figure
        The page.
    width, height
        Of the page, in pixels at 100 dpi.
    """

    figure: Figure
    width: float
    height: float

    def axes(
        self, left: float, top: float, width: float, height: float, *, share: Axes | None = None
    ) -> Axes:
        """Return new Axes, with a line at the bottom alone.

        Parameters
        ----------
        left, top, width, height
            Pixels.
        share
            Axes with the same time axis.
        """
        across, down = self.width, self.height
        box = (left / across, 1 - (top + height) / down, width / across, height / down)
        axes = self.figure.add_axes(box, sharex=share, facecolor="white")
        axes.spines[["left", "top", "right"]].set_visible(False)
        axes.spines["bottom"].set(color=GREY, zorder=7)
        axes.tick_params(length=0, labelsize=AXIS_SIZE, labelbottom=False)
        axes.set_axisbelow(True)
        return axes

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        bold: bool = False,
        colour: str = INK,
        align: str = "left",
    ) -> None:
        """Write one line.

        Parameters
        ----------
        x, y
            Pixels; where the line's foot is.
        text, size, bold, colour, align
            What and how; the size in points.
        """
        weight = "bold" if bold else "normal"
        place = (x / self.width, 1 - y / self.height)
        self.figure.text(*place, text, size=size, weight=weight, color=colour, ha=align)

    def name(self, axes: Axes, title: str) -> None:
        """Write a title over Axes, from their left; farther left if there is no room for it."""
        box, size = axes.get_position(), PANEL_TITLE_SIZE
        title = drawable(title, others=())  # runs from a file may be named anything
        title = cut(title, width=self.width - 2 * EDGE, size=size, bold=True)
        left = self.width - EDGE - width_of(title, size=size, bold=True)
        x = min(0.0, left / self.width - box.x0) / box.width
        axes.set_title(title, loc="left", x=x, size=size, weight="bold", pad=4, color=INK)

    def write_in(self, axes: Axes, words: str, *, bound: float | None = None) -> None:
        """Write a note into the lower left corner of Axes, or right of the bound.

        Parameters
        ----------
        axes
            The Axes; their x is seconds.
        words
            The note.
        bound
            Where the lower bound is drawn, in seconds; None for nowhere.
        """
        width = axes.get_position().width * self.width
        at = width if bound is None else bound / axes.get_xlim()[1] * width
        lines = wrapped(words, width=width - 2 * _INDENT, size=NOTE_SIZE)
        wide, indent = max(width_of(line, size=NOTE_SIZE) for line in lines), float(_INDENT)
        if wide > at - 2 * _INDENT:  # on the side of the bound that has more room
            left, right = at - 2 * _INDENT, width - at - 2 * _INDENT
            indent = indent if left > right else at + _INDENT
            lines = wrapped(words, width=max(left, right), size=NOTE_SIZE)
        axes.annotate(
            "\n".join(lines),
            (0, 0),
            xycoords="axes fraction",
            xytext=(indent * 72 / DPI, 5 * 72 / DPI),
            textcoords="offset points",
            size=NOTE_SIZE,
            va="baseline" if len(lines) == 1 else "bottom",
            zorder=7,
            bbox={
                "boxstyle": "square,pad=0.2",
                "facecolor": "white",
                "edgecolor": "none",
                "alpha": 0.8,
            },
        )


def show_times(axes: Axes, horizon: float, *, last: bool, watched: bool = False) -> None:
    """Give Axes a time axis.

    Parameters
    ----------
    axes
        The Axes.
    horizon
        The seconds at its right end.
    last
        True to write the times and their unit, which the Axes above them share.
    watched
        The calls are those of code that was watched: nothing was submitted.
    """
    axes.set_xlim(0, horizon)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    places, texts, unit = _ticks_that_fit(axes, horizon)
    axes.set_xticks(places, texts)
    axes.tick_params(axis="x", length=3 if last else 0, labelbottom=last)
    if last:
        first = "began" if watched else "was submitted"
        axes.set_xlabel(f"{unit} since the first call {first}", size=AXIS_SIZE, labelpad=3)


def _ticks_that_fit(axes: Axes, horizon: float) -> tuple[list[float], list[str], str]:
    """Return ticks whose texts do not touch."""
    wide = axes.bbox.width * DPI / axes.figure.dpi
    for most in range(_MAX_TICKS, 0, -1):
        places, texts, unit = ticks(horizon, most=most)
        apart = wide / horizon * (places[1] - places[0]) if len(places) > 1 else wide
        if apart >= max(width_of(text, size=AXIS_SIZE) for text in texts) + _TICK_GAP:
            break
    return places, texts, unit


def ticks(horizon: float, *, most: int) -> tuple[list[float], list[str], str]:
    """Return round places on a time axis, their texts, and the unit they are in.

    Parameters
    ----------
    horizon
        The end of the axis, seconds.
    most
        How many places at most, but for the first.
    """
    size, unit = next((size, unit) for least, size, unit in _UNITS if horizon >= least)
    values = MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]).tick_values(0, horizon / size)
    # Rounding may put the last tick a hair beyond the end.
    shown = [float(value) for value in values if 0 <= value <= horizon / size * (1 + 1e-9)]
    step = shown[1] - shown[0] if len(shown) > 1 else 1.0
    decimals = next((d for d in range(4) if abs(round(step, d) - step) < 1e-9), 4)
    return [value * size for value in shown], [f"{v:,.{decimals}f}" for v in shown], unit


def draw_bound(axes: Axes, bound: float | None) -> None:
    """Draw the lower bound, in seconds, as a dashed line over the height of the Axes."""
    if bound is not None:
        axes.axvline(bound, ls="--", color="black", lw=1.2, zorder=4, clip_on=False, gid="bound")


def draw_steps(
    axes: Axes, values: FloatArray, edges: FloatArray, *, base: FloatArray | None, **look: Any
) -> None:
    """Draw a line of steps, or with `base` the area between it and the line.

    Parameters
    ----------
    axes
        The Axes.
    values, edges, base
        The height of each step, and where it begins and ends.
    **look
        As for patches.
    """
    # Axes.stairs would look at each of its points to find the limits, which are known.
    fill = base is not None
    patch = StepPatch(values, edges, baseline=base, fill=fill, **look)  # type: ignore[arg-type]
    axes.add_artist(patch)
