"""Runs below each other on one time axis, with a row for each call or for each slot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes

from ..analysis.workers import Band
from .bands import STRIP_GAP, draw_bands
from .canvas import TICKS_AND_UNIT, Canvas, show_times
from .geometry import LABEL_GAP, STRIP, Arrow, TimeAxis
from .legend import Entry, entries
from .marks import draw_segments
from .segments import Segments
from .style import DPI, GREEN, SAVED_SIZE
from .text import families, width_of

_PANEL_TITLE = 19
_BETWEEN_PANELS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is written beside the bar of one call.

    Parameters
    ----------
    time
        Where the bar ends, seconds since the first submit.
    text
        What is written.
    bold
        True if the call overtook another.
    colour
        Of the text.
    gap, width
        Pixels: from the end of the bar to the text, and how wide the text is.
    """

    time: float
    text: str
    bold: bool
    colour: str
    gap: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One run on the page.

    Parameters
    ----------
    title
        What is written over it.
    rows
        How many rows it has.
    segments
        What is drawn of it.
    names, endings
        Left and right of each bar; empty where rows are slots.
    bound
        The lower bound in seconds, None where none is drawn.
    bands, band_names
        The rows of each worker, and what it is called; none where one sent all.
    arrow, saved
        The arrow of the time saved, if there is one, and its text.
    """

    title: str
    rows: int
    segments: Segments
    names: list[str] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    bound: float | None = None
    bands: list[Band] = field(default_factory=list)
    band_names: dict[str | None, str] = field(default_factory=dict)
    arrow: Arrow | None = None
    saved: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The panels and what they share; sizes in points, places in pixels.

    `watched` says that nothing was submitted, as in code that was watched.
    """

    panels: list[Panel]
    axis: TimeAxis
    row: float
    name_size: float
    ending_size: float
    watched: bool = False

    @property
    def height(self) -> float:
        """Pixels."""
        gaps = _PANEL_TITLE * len(self.panels) + _BETWEEN_PANELS * (len(self.panels) - 1)
        return gaps + sum(map(self._height_of, self.panels)) + TICKS_AND_UNIT

    def entries(self) -> list[Entry]:
        """Return its part of the legend; of several bounds the lines say which is which."""
        states = [state for panel in self.panels for state in panel.segments.states]
        plain = self.panels[0].segments.plain
        bounds = [panel.bound for panel in self.panels if panel.bound is not None]
        return entries(states, row=self.row, bounds=bounds, plain=plain)

    def draw(self, canvas: Canvas, *, top: float) -> None:
        """Draw the panels one below the other."""
        share: Axes | None = None
        for panel in self.panels:
            top += _PANEL_TITLE
            share = self._draw_panel(canvas, panel, top=top, share=share)
            top += self._height_of(panel) + _BETWEEN_PANELS

    def _height_of(self, panel: Panel) -> float:
        needs_strip = panel.arrow is not None and panel.arrow.needs_strip
        return self.row * max(panel.rows, 1) + (STRIP if needs_strip else 0)

    def _draw_panel(self, canvas: Canvas, panel: Panel, *, top: float, share: Axes | None) -> Axes:
        axis, tall = self.axis, self._height_of(panel)
        axes = canvas.axes(axis.left, top, axis.right - axis.left, tall, share=share)
        axes.set_ylim(tall / self.row - 0.5, -0.5)
        canvas.name(axes, panel.title)
        show_times(axes, axis.horizon, last=panel is self.panels[-1], watched=self.watched)
        self._name_rows(axes, panel)
        names = max((width_of(name, size=self.name_size) for name in panel.names), default=0.0)
        right = STRIP_GAP + (names + LABEL_GAP if names else 0)
        draw_bands(axes, panel.bands, panel.band_names, row=self.row, right=right)
        draw_segments(axes, panel.segments, row=self.row, bound=panel.bound)
        if panel.bound is not None:
            bottom = max(panel.rows, 1) - 0.5
            look: dict[str, Any] = {"color": "black", "lw": 1.2, "zorder": 4, "gid": "bound"}
            axes.plot([panel.bound] * 2, [-0.5, bottom], "--", **look)
        self._write_endings(axes, panel)
        self._draw_saving(axes, panel)
        return axes

    def _name_rows(self, axes: Axes, panel: Panel) -> None:
        axes.set_yticks(range(len(panel.names)), panel.names)
        axes.tick_params(axis="y", pad=LABEL_GAP * 72 / DPI - 1, labelsize=self.name_size)
        for label, name in zip(axes.get_yticklabels(), panel.names, strict=True):
            label.set_fontfamily(families(name))

    def _write_endings(self, axes: Axes, panel: Panel) -> None:
        for row, ending in enumerate(panel.endings):
            axes.annotate(
                ending.text,
                (ending.time, row),
                xytext=(ending.gap * 72 / DPI, 0),
                textcoords="offset points",
                va="center_baseline",
                size=self.ending_size,
                weight="bold" if ending.bold else "normal",
                color=ending.colour,
                # White behind the words keeps the grid out of them.
                bbox={"boxstyle": "square,pad=0", "facecolor": "white", "edgecolor": "none"},
                zorder=6,
                annotation_clip=False,
            )

    def _draw_saving(self, axes: Axes, panel: Panel) -> None:
        if panel.arrow is None:
            return
        arrow = panel.arrow
        head = {"arrowstyle": "<->", "color": GREEN, "lw": 1.3, "shrinkA": 0, "shrinkB": 0}
        axes.annotate(
            "",
            self._place(arrow.end, arrow.y),
            xytext=self._place(arrow.start, arrow.y),
            arrowprops=head,
            annotation_clip=False,
            zorder=5,
        )
        x, y = self._place(arrow.text_x, arrow.text_y)
        words = axes.text(x, y, panel.saved, ha=arrow.align, size=SAVED_SIZE, zorder=6)
        words.set(weight="bold", color=GREEN)

    def _place(self, x: float, y: float) -> tuple[float, float]:
        """Return the coordinates in the Axes of a place in pixels."""
        scale = self.axis.horizon / (self.axis.right - self.axis.left)
        return (x - self.axis.left) * scale, y / self.row - 0.5
