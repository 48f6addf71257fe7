"""The picture of a race: the timelines of both sides so far, on one time axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..analysis.answered import is_answered, is_cut
from ..analysis.arrays import FloatArray
from ..analysis.lanes import lanes
from ..analysis.order import finishing_ranks
from ..plot.segments import Segments, segments
from ..plot.style import (
    BACKOFF_COLOUR,
    BARS,
    DPI,
    FAILED_INK,
    GREY,
    GRID,
    INK,
    LINES,
    QUEUED_COLOUR,
)
from ..plot.text import width_of
from ..records import Run
from ..report.labels import labels
from ..report.subjects import MAX_ROWS
from ..report.wording import format_seconds, is_concurrent, ordinal, pluralize
from .side import Side, as_of
from .svg import as_image, bars, hatches, line, ticks, write

WIDTH = 1100
_MARGIN, _LABELS, _ENDINGS = 12, 190, 92
_TITLE, _AXIS, _LEGEND = 30, 40, 26
# The most pixels of all rows together, and of one row.
_ROWS_HEIGHT, _MAX_ROW = 400, 32
# Pixels; lower rows have no text beside them.
_MIN_TEXT_ROW = 9.5
_LINES = {
    "queued": f'stroke="{QUEUED_COLOUR}"',
    "backoff": f'stroke="{BACKOFF_COLOUR}" stroke-width="2" stroke-dasharray="2 3"',
}
# Seconds. The axis ends at the first of these that is long enough, so that it rarely changes.
_AXIS_ENDS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 60, 90, 120, 180, 240, 300, 450, 600)


@dataclass(frozen=True, slots=True)
class _Panel:
    """The position of one side, in pixels; `scale` is pixels per second."""

    side: Side
    top: float
    rows: int
    row: float
    scale: float

    @property
    def bottom(self) -> float:
        return self.top + self.rows * self.row


def draw_race(sides: Sequence[Side], *, mark: str = "") -> str:
    """Return the picture as an ``img`` element; its size does not change during a race.

    Parameters
    ----------
    sides
        The sides, top to bottom.
    mark
        The text in the corner, such as ``simulated``.
    """
    counts = [_rows_of(side.run) for side in sides]
    row = min(_MAX_ROW, _ROWS_HEIGHT / sum(counts))
    end = _axis_end(max(side.elapsed for side in sides))
    scale = (WIDTH - _LABELS - _ENDINGS) / end
    panels, top = [], 4.0
    for side, count in zip(sides, counts, strict=True):
        panels.append(_Panel(side, top + _TITLE, count, row, scale))
        top += _TITLE + count * row
    drawn = [_visible_segments(panel) for panel in panels]
    parts = [hatches(), *_axis(end, scale, bottom=top)]
    for panel, shown in zip(panels, drawn, strict=True):
        parts += _panel(panel, shown)
    parts.append(write(WIDTH - _MARGIN, top + 33, mark, size=15, anchor="end", bold=True))
    states = {state for shown in drawn for state in shown.states}
    bounds = [side.bound for side in sides if side.bound is not None]
    parts += _legend(states, bounds, top=top + _AXIS)
    height = round(top + _AXIS + _LEGEND)
    return as_image(parts, width=WIDTH, height=height, alt=_alt_text(sides, mark))


def _rows_of(run: Run) -> int:
    if len(run.calls) <= MAX_ROWS:
        return len(run.calls)
    return min(run.max_concurrency, len(run.calls)) if is_concurrent(run) else 1


def _axis_end(elapsed: float) -> float:
    return next((end for end in _AXIS_ENDS if elapsed <= end), elapsed)


def _visible_segments(panel: _Panel) -> Segments:
    run = panel.side.run
    shown = run if panel.side.over else as_of(run, panel.side.elapsed)
    # One row per call; with more calls than rows, one per slot.
    if panel.rows == len(run.calls):
        return segments(shown, shortest_queue=2 / panel.scale)
    # With one row per slot, waits are not drawn: other calls are in their place.
    return segments(shown, rows=lanes(run), shortest_queue=float("inf"))


def _axis(end: float, scale: float, *, bottom: float) -> Iterator[str]:
    for tick in ticks(end):
        x = _LABELS + tick * scale
        yield line(x, _TITLE, x, bottom, colour=GRID)
        yield write(x, bottom + 16, f"{tick:g}", size=13, anchor="middle", colour=GREY)
    middle = _LABELS + end * scale / 2
    yield write(middle, bottom + 33, "seconds", size=13, anchor="middle", colour=GREY)


def _panel(panel: _Panel, shown: Segments) -> Iterator[str]:
    side, end = panel.side, WIDTH - _ENDINGS
    yield write(_MARGIN, panel.top - 8, side.name, size=17, bold=True)
    yield write(WIDTH - _MARGIN, panel.top - 8, side.score, size=17, anchor="end", bold=True)
    yield from _lines(panel, shown)
    for state in BARS:
        yield bars(_rectangles(panel, shown.bars[state]), state=state)
    if side.bound is not None:
        x = _LABELS + side.bound * panel.scale
        yield _bound(x, panel.top, x, panel.bottom)
    yield line(_LABELS, panel.bottom, end, panel.bottom, colour=GREY)
    if panel.rows == len(side.run.calls) and panel.row >= _MIN_TEXT_ROW:
        yield from _row_texts(panel)


def _lines(panel: _Panel, shown: Segments) -> Iterator[str]:
    for state, look in _LINES.items():
        path = "".join(
            f"M{_LABELS + start * panel.scale:.1f} {panel.top + (row + 0.5) * panel.row:.1f}"
            f"h{(stop - start) * panel.scale:.1f}"
            for start, stop, row in shown.lines[state]
        )
        yield f'<path d="{path}" {look}/>' if path else ""


def _rectangles(panel: _Panel, spans: FloatArray) -> Iterator[tuple[float, float, float, float]]:
    gap = 0.12 * panel.row
    for start, stop, row in spans:
        width = (stop - start) * panel.scale
        if width > 0 and row < panel.rows:
            x, y = _LABELS + start * panel.scale, panel.top + row * panel.row + gap
            yield x, y, max(width, 1.0), panel.row - 2 * gap


def _row_texts(panel: _Panel) -> Iterator[str]:
    """Write the prompt before each row, and after it the rank and time of the answer."""
    run, size = panel.side.run, min(14.0, panel.row)
    rows = zip(labels(run), run.calls, finishing_ranks(run), strict=True)
    for i, (name, call, place) in enumerate(rows):
        y = panel.top + (i + 0.5) * panel.row + size * 0.36
        yield write(_LABELS - 6, y, name, size=size, anchor="end")
        if call.finished is None or call.started is None:
            continue
        x = _LABELS + call.finished * panel.scale + 5
        answered = is_answered(call)
        rank = f"{ordinal(place)} · " if answered and is_concurrent(run) and place else ""
        what = "" if answered else f"{call.outcome} · "
        ending = f"{rank}{what}{format_seconds(call.finished)}{' · cut' if is_cut(call) else ''}"
        failed = call.outcome in ("error", "timeout")
        yield write(x, y, ending, size=size, colour=FAILED_INK if failed else INK)


def _legend(states: set[str], bounds: Sequence[float], *, top: float) -> Iterator[str]:
    """Draw the legend of the visible states, in the order in which a call goes through them."""
    samples = [
        (LINES[state], f'<path d="M0 9h22" {look}/>')
        for state, look in _LINES.items()
        if state in states
    ]
    samples += [
        (look.meaning, bars([(0, 3, 22, 12)], state=state))
        for state, look in BARS.items()
        if state in states
    ]
    if bounds:
        samples.append((f"lower bound {format_seconds(bounds[-1])}", _bound(0, 9, 22, 9)))
    x = float(_MARGIN)
    for meaning, sample in samples:
        yield f'<g transform="translate({x:.1f} {top:.1f})">{sample}</g>'
        yield write(x + 28, top + 14, meaning, size=13)
        x += 28 + width_of(meaning, size=13 * 72 / DPI) + 20


def _bound(x1: float, y1: float, x2: float, y2: float) -> str:
    return line(x1, y1, x2, y2, colour=INK, dashes="6 4")


def _alt_text(sides: Sequence[Side], mark: str) -> str:
    scores = ". ".join(f"{side.name}: {side.score.replace(' · ', ' after ')}" for side in sides)
    prompts = pluralize(len(sides[0].run.calls), "prompt")
    return f"Two timelines of {prompts} on one time axis{f' ({mark})' if mark else ''}. {scores}."
