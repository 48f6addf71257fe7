"""A figure measured in pixels from its top left corner, and Axes in our style."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.ticker import MaxNLocator

from ..analysis.arrays import FloatArray
from .style import AXIS_SIZE, DPI, GREY, GRID, INK, NOTE_SIZE, PANEL_TITLE_SIZE, WIDTH
from .text import drawable

# Under the lowest Axes of a block: the ticks, their texts and the unit.
TICKS_AND_UNIT = 44
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
    height
        Of the page, in pixels; it is 900 wide.
    """

    figure: Figure
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
        box = (left / WIDTH, 1 - (top + height) / self.height, width / WIDTH, height / self.height)
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
        place = (x / WIDTH, 1 - y / self.height)
        self.figure.text(*place, text, size=size, weight=weight, color=colour, ha=align)


def name_axes(axes: Axes, title: str) -> None:
    """Write a title over Axes."""
    title = drawable(title, others=())  # runs from a file may be named anything
    axes.set_title(title, loc="left", size=PANEL_TITLE_SIZE, weight="bold", pad=4, color=INK)


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
    places, texts, unit = ticks(horizon)
    axes.set_xticks(places, texts)
    axes.tick_params(axis="x", length=3 if last else 0, labelbottom=last)
    if last:
        first = "began" if watched else "was submitted"
        axes.set_xlabel(f"{unit} since the first call {first}", size=AXIS_SIZE, labelpad=3)


def ticks(horizon: float, *, most: int = 9) -> tuple[list[float], list[str], str]:
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


def write_in(axes: Axes, words: str) -> None:
    """Write a note into the lower left corner of Axes."""
    box = {"boxstyle": "square,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    place = (4 * 72 / DPI, 5 * 72 / DPI)
    axes.annotate(
        words,
        (0, 0),
        xycoords="axes fraction",
        xytext=place,
        textcoords="offset points",
        size=NOTE_SIZE,
        zorder=7,
        bbox=box,
    )
