"""The layouts "lanes" and "overview": one run in detail, with strips below and its order beside."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from matplotlib.axes import Axes

from ..analysis.bounds import lower_bound, peak_in_flight
from ..analysis.kinds import is_watched
from ..analysis.lanes import lanes
from ..analysis.subject import Subject
from ..records import Run
from ..report.annotations import margin_notes
from ..report.subjects import DETAIL_WIDTH
from ..report.wording import concurrent_name
from .canvas import TICKS_AND_UNIT, Canvas, draw_bound, name_axes, show_times, write_in
from .durations import draw_durations
from .inside_marks import row_height
from .kinds import KIND_BARS, PHASES
from .legend import Entry, entries
from .marks import draw_pauses, draw_segments
from .order import draw_order
from .pair_bars import BARS_HEIGHT, WEDGE_HEIGHT, PairBars, write_note
from .row_layout import horizon_of
from .segments import Segments, segments
from .strips import draw_done, draw_in_flight, in_flight_entries, limit_of
from .style import AXIS_SIZE, NOTE_SIZE

_LEFT = 56
_SIDE = 16
_RIGHT_COLUMN = 724
_SQUARE = 160
_NOTE_LINE = 16
# Pixels of the enlarged part, of a strip, and of one with a limit that changes; between them.
_LARGE, _STRIP, _LIMIT_STRIP, _GAP = 240, 62, 110, 16
_HIGHEST_ROW = 20
# Pixels of the enlarged part where calls have others in them.
_LARGE_INSIDE = 330
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
    in_lanes
        False to draw durations over time in place of lanes.
    slots
        How many calls were in flight at the peak, at least 1.
    bound
        The lower bound in seconds, None if there is none.
    notes
        What is written under its order.
    pair_bars
        The two bars above it, if it is compared.
    """

    run: Run
    drawn: Segments
    horizon: float
    in_lanes: bool
    slots: int
    bound: float | None
    notes: list[str]
    pair_bars: PairBars | None

    @property
    def height(self) -> float:
        """Pixels."""
        left = self._large + _GAP + self._strip + _GAP + _STRIP + TICKS_AND_UNIT
        right = _SQUARE + 36 + _NOTE_LINE * len(self.notes)
        return self._head + max(left, right)

    def entries(self) -> list[Entry]:
        """Return its part of the legend."""
        row = self._row if self.in_lanes else 10.0
        states = [state for state in self.drawn.states if self.in_lanes or state in _IN_STRIPS]
        bounds = [] if self.bound is None else [self.bound]
        made = entries(states, row=row, bounds=bounds, plain=self.drawn.plain)
        return made + in_flight_entries(self.run, limit_of(self.run))

    def draw(self, canvas: Canvas, *, top: float) -> None:
        """Draw all parts."""
        if self.pair_bars:
            self.pair_bars.draw(canvas, top=top)
            self.pair_bars.draw_wedge(canvas, top=top, to=(_LEFT, _LEFT + DETAIL_WIDTH))
        top += self._head
        write_note(canvas, self._note(), left=_LEFT, bottom=top)
        axes = self._draw_large(canvas, top=top)
        strips = self._draw_strips(canvas, axes, top=top + self._large + _GAP)
        for part in (axes, *strips):  # left of the widest number that may be there
            part.yaxis.set_label_coords((_SIDE - _LEFT) / DETAIL_WIDTH, 0.5)
        self._draw_order(canvas, top=top)

    @property
    def _head(self) -> float:
        return BARS_HEIGHT + WEDGE_HEIGHT if self.pair_bars else _NOTE

    @property
    def _row(self) -> float:
        least = min(_HIGHEST_ROW, _LARGE / self.slots)
        return row_height([self.drawn.inside], rows=self.slots, least=least, room=_LARGE_INSIDE)

    @property
    def _large(self) -> float:
        if not self.in_lanes:
            return 150
        return max(24.0, self._row * self.slots)

    @property
    def _strip(self) -> float:
        limit = limit_of(self.run)
        return _LIMIT_STRIP if limit is not None and limit.changed else _STRIP

    def _note(self) -> str:
        watched = is_watched(self.run)
        name = "overlapping" if watched else concurrent_name(self.run)
        zoomed = f"zoomed to the {name} run" if self.pair_bars else ""
        rows = f"each row = one of {self.slots:,} slots" if self.in_lanes and self.slots > 1 else ""
        if rows and watched:
            rows = f"at most {self.slots:,} in flight: the calls of a row do not overlap"
        return "; ".join(filter(None, [zoomed, rows]))

    def _draw_large(self, canvas: Canvas, *, top: float) -> Axes:
        axes = canvas.axes(_LEFT, top, DETAIL_WIDTH, self._large)
        show_times(axes, self.horizon, last=False)
        if self.in_lanes:
            axes.set_ylim(self.slots - 0.5, -0.5)
            axes.set_yticks(places := sorted({0, self.slots - 1}), [f"{i + 1:,}" for i in places])
            axes.set_ylabel("row" if is_watched(self.run) else "slot", size=AXIS_SIZE)
            draw_segments(axes, self.drawn, row=self._row)
        else:
            draw_pauses(axes, self.drawn)
            draw_durations(axes, self.run, horizon=self.horizon)
            write_in(axes, "line = median, band = 5th to 95th percentile of calls finishing then")
        draw_bound(axes, self.bound)
        return axes

    def _draw_strips(self, canvas: Canvas, above: Axes, *, top: float) -> tuple[Axes, Axes]:
        strip = canvas.axes(_LEFT, top, DETAIL_WIDTH, self._strip, share=above)
        draw_in_flight(strip, self.run, self.drawn, horizon=self.horizon, width=DETAIL_WIDTH)
        show_times(strip, self.horizon, last=False)
        draw_bound(strip, self.bound)
        done = canvas.axes(_LEFT, top + self._strip + _GAP, DETAIL_WIDTH, _STRIP, share=above)
        draw_done(done, self.run, bound=self.bound, horizon=self.horizon)
        show_times(done, self.horizon, last=True, watched=is_watched(self.run))
        draw_bound(done, self.bound)
        return strip, done

    def _draw_order(self, canvas: Canvas, *, top: float) -> None:
        axes = canvas.axes(_RIGHT_COLUMN, top, _SQUARE, _SQUARE)
        name_axes(axes, "completion order")
        draw_order(axes, self.run)
        for i, note in enumerate(self.notes):
            y = top + _SQUARE + 44 + _NOTE_LINE * i
            canvas.write(_RIGHT_COLUMN, y, note, size=NOTE_SIZE)


def plan_detail(subject: Subject, *, in_lanes: bool) -> DetailView:
    """Plan the layout "lanes", or "overview" with durations in place of lanes.

    Parameters
    ----------
    subject
        A run; or a comparison, of which the pair with the median speed-up is drawn.
    in_lanes
        False to draw durations over time in place of lanes.
    """
    run, pair_bars = subject.run, None
    if subject.pair is not None:
        sync, concurrent = subject.pair
        pair_bars = PairBars(sync=sync, concurrent=concurrent, left=_LEFT, right=884)
    return DetailView(
        run=run,
        drawn=segments(
            run,
            rows=lanes(run) if in_lanes else None,
            shortest_queue=inf,
            plain=subject.plainest,
        ),
        horizon=horizon_of([run]),
        in_lanes=in_lanes,
        slots=max(1, peak_in_flight(run)),
        bound=lower_bound(run),
        notes=margin_notes(subject),
        pair_bars=pair_bars,
    )
