"""The layouts "lanes" and "overview": one run in detail, with strips below and its order beside."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes

from ..analysis.kinds import is_watched
from ..analysis.workers import Band
from ..records import Run
from .bands import NAME_HEIGHT, STRIP_GAP, draw_bands
from .canvas import TICKS_AND_UNIT, Canvas, draw_bound, show_times
from .durations import Durations
from .geometry import TimeAxis
from .inside_marks import row_height
from .kinds import KIND_BARS, PHASES
from .legend import Entry, entries
from .limit import limit_of
from .marks import draw_pauses, draw_segments
from .order import draw_order
from .pair_bars import BARS_HEIGHT, WEDGE_HEIGHT, Note, PairBars
from .segments import Segments
from .strips import draw_done, draw_in_flight, in_flight_entries
from .style import AXIS_SIZE, NOTE_SIZE

# Pixels: to the middle of the words that stand upright left of the enlarged part; between it and
# the order, which is a square, and right of that.
SIDE = 16
BETWEEN, SQUARE, RIGHT = 52, 160, 16
_NOTE_LINE = 16
# Pixels of the enlarged part, of a strip, and of one with a limit that changes; between them.
_LARGE, _STRIP, _LIMIT_STRIP, _GAP = 240, 62, 110, 16
_HIGHEST_ROW = 20
_BAND = "line = median, band = 5th to 95th percentile of calls finishing then"
# Pixels of the enlarged part where calls have others in them, and the most where it has bands.
_LARGE_INSIDE, _LARGE_BANDS = 330, 480
# Over the enlarged part of a run alone: what its rows are.
_NOTE = 22
# What strips show of a run, without lanes above them.
_IN_STRIPS = {*PHASES, "backoff", "pause", "function", *KIND_BARS}


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailView:
    """What is drawn enlarged, and beside what.

    Parameters
    ----------
    run
        The run.
    drawn
        Its bars, in lanes.
    horizon
        The end of its time axis, seconds.
    left, width
        Where the enlarged part begins, and how wide it is, in pixels.
    durations
        Drawn over time in place of lanes; None to draw lanes.
    slots
        How many lanes there are, at least 1.
    bands, band_names
        The lanes of each worker, and what it is called; no bands where one sent all, or without
        lanes.
    bound
        The lower bound in seconds, None if there is none.
    head
        What is written over it, to say what it shows.
    notes
        What is written under its order, line by line.
    pair_bars
        The two bars above it, if it is compared.
    is_simple
        True to leave out the strips below.
    """

    run: Run
    drawn: Segments
    horizon: float
    left: float
    width: float
    durations: Durations | None
    slots: int
    bands: list[Band]
    band_names: dict[str | None, str]
    bound: float | None
    head: Note
    notes: list[str]
    pair_bars: PairBars | None
    is_simple: bool

    @property
    def axis(self) -> TimeAxis:
        """Where its times are on the page."""
        return TimeAxis(self.left, self.left + self.width, self.horizon)

    @property
    def height(self) -> float:
        """Pixels."""
        strips = 0 if self.is_simple else _GAP + self._strip + _GAP + _STRIP
        left = self._large + strips + TICKS_AND_UNIT
        right = SQUARE + 36 + _NOTE_LINE * len(self.notes)
        return self._head + max(left, right)

    def entries(self) -> list[Entry]:
        """Return its part of the legend."""
        row = self._row if self._in_lanes else 10.0
        states = [state for state in self.drawn.states if self._is_drawn(state)]
        bounds = [] if self.bound is None else [self.bound]
        made = entries(states, row=row, bounds=bounds, plain=self.drawn.plain)
        return made + ([] if self.is_simple else in_flight_entries(self.run, limit_of(self.run)))

    def draw(self, canvas: Canvas, *, top: float) -> None:
        """Draw all parts."""
        if self.pair_bars:
            self.pair_bars.draw(canvas, top=top)
            ends = (self.left, self.left + self.width)
            self.pair_bars.draw_wedge(canvas, top=top, to=ends, words=self.head)
        top += self._head
        self.head.draw(canvas, bottom=top)
        parts = [self._draw_large(canvas, top=top)]
        if not self.is_simple:
            parts += self._draw_strips(canvas, parts[0], top=top + self._large + _GAP)
        for part in parts:  # left of the widest number that may be there
            part.yaxis.set_label_coords((SIDE - self.left) / self.width, 0.5)
        self._draw_order(canvas, top=top)

    @property
    def _head(self) -> float:
        least = BARS_HEIGHT + WEDGE_HEIGHT if self.pair_bars else _NOTE
        return least + self.head.more

    @property
    def _in_lanes(self) -> bool:
        return self.durations is None

    def _is_drawn(self, state: str) -> bool:
        """Tell whether a state is to be seen: with durations in place of lanes, in the strips."""
        return self._in_lanes or (not self.is_simple and state in _IN_STRIPS)

    @property
    def _row(self) -> float:
        tall = max(_LARGE, min(_LARGE_BANDS, NAME_HEIGHT * len(self.bands)))
        least = min(_HIGHEST_ROW, tall / self.slots)
        return row_height([self.drawn.inside], rows=self.slots, least=least, room=_LARGE_INSIDE)

    @property
    def _large(self) -> float:
        if not self._in_lanes:
            return 150
        return max(24.0, self._row * self.slots)

    @property
    def _strip(self) -> float:
        limit = limit_of(self.run)
        return _LIMIT_STRIP if limit is not None and limit.changed else _STRIP

    def _draw_large(self, canvas: Canvas, *, top: float) -> Axes:
        axes = canvas.axes(self.left, top, self.width, self._large)
        show_times(axes, self.horizon, last=self.is_simple, watched=is_watched(self.run))
        if self.durations is None:
            axes.set_ylim(self.slots - 0.5, -0.5)
            self._name_lanes(axes)
            draw_segments(axes, self.drawn, row=self._row, bound=self.bound)
        else:
            draw_pauses(axes, self.drawn)
            self.durations.draw(axes)
            canvas.write_in(axes, _BAND, bound=self.bound)
        draw_bound(axes, self.bound)
        return axes

    def _name_lanes(self, axes: Axes) -> None:
        if self.bands:
            axes.set_yticks([])
            draw_bands(axes, self.bands, self.band_names, row=self._row, right=STRIP_GAP)
            return
        axes.set_yticks(places := sorted({0, self.slots - 1}), [f"{i + 1:,}" for i in places])
        axes.set_ylabel("row" if is_watched(self.run) else "slot", size=AXIS_SIZE)

    def _draw_strips(self, canvas: Canvas, above: Axes, *, top: float) -> list[Axes]:
        strip = canvas.axes(self.left, top, self.width, self._strip, share=above)
        draw_in_flight(
            canvas,
            strip,
            self.run,
            self.drawn,
            horizon=self.horizon,
            width=self.width,
            bound=self.bound,
        )
        show_times(strip, self.horizon, last=False)
        draw_bound(strip, self.bound)
        top += self._strip + _GAP
        done = canvas.axes(self.left, top, self.width, _STRIP, share=above)
        draw_done(done, self.run, bound=self.bound, horizon=self.horizon)
        show_times(done, self.horizon, last=True, watched=is_watched(self.run))
        draw_bound(done, self.bound)
        return [strip, done]

    def _draw_order(self, canvas: Canvas, *, top: float) -> None:
        left = self.left + self.width + BETWEEN
        axes = canvas.axes(left, top, SQUARE, SQUARE)
        canvas.name(axes, "completion order")
        draw_order(axes, self.run)
        for i, note in enumerate(self.notes):
            y = top + SQUARE + 44 + _NOTE_LINE * i
            canvas.write(left, y, note, size=NOTE_SIZE)
