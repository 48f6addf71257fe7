"""The picture of a race: the timelines of both sides so far, on one time axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..analysis.arrays import FloatArray
from ..analysis.workers import shared_lanes
from ..plot.segments import Segments, segments
from ..plot.style import BARS, GREY, GRID
from ..records import Run
from ..report.subjects import MAX_ROWS
from ..report.wording import is_concurrent, pluralize
from .axis import Axis
from .layout import Panel, place_panels
from .legend import LINE_LOOKS, bound_line, legend
from .moment import as_of
from .row_texts import row_texts
from .side import Side
from .svg import as_image, bars, hatches, line, ticks, write


def draw_race(
    sides: Sequence[Side], *, mark: str = "", end: float | None = None, large: bool = False
) -> str:
    """Return the picture as an ``img`` element; its size does not change during a race.

    Parameters
    ----------
    sides
        The sides, top to bottom.
    mark
        The text in the corner, such as ``simulated``.
    end
        Seconds at the end of the axis; None for as long as the sides are.
    large
        With type for a projector.
    """
    if end is None:
        end = Axis(max(side.elapsed for side in sides)).end
    panels = place_panels(sides, [_rows_of(side.run) for side in sides], end=end, large=large)
    layout, bottom = panels[0].layout, panels[-1].bottom
    drawn = [_visible_segments(panel) for panel in panels]
    parts = [hatches(), *_axis(panels[0], bottom=bottom)]
    for panel, shown in zip(panels, drawn, strict=True):
        parts += _panel(panel, shown)
    x, y = layout.width - layout.margin, bottom + 2 * layout.axis + 7
    parts.append(write(x, y, mark, size=layout.axis, anchor="end", bold=True))
    states = {state for shown in drawn for state in shown.states}
    bounds = [side.bound for side in sides if side.bound is not None]
    parts += legend(states, bounds, top=bottom + layout.axis_height, layout=layout)
    height = round(bottom + layout.axis_height + layout.legend_height)
    return as_image(parts, width=layout.width, height=height, alt=_alt_text(sides, mark))


def _rows_of(run: Run) -> int:
    if len(run.calls) <= MAX_ROWS:
        return len(run.calls)
    return min(run.max_concurrency, len(run.calls)) if is_concurrent(run) else 1


def _visible_segments(panel: Panel) -> Segments:
    run = panel.side.run
    shown = run if panel.side.over else as_of(run, panel.side.elapsed)
    # One row per call; with more calls than rows, one per slot.
    if panel.rows == len(run.calls):
        return segments(shown, shortest_queue=2 / panel.scale)
    # With one row per slot, waits are not drawn: other calls are in their place.
    return segments(shown, rows=shared_lanes(run), shortest_queue=float("inf"))


def _axis(panel: Panel, *, bottom: float) -> Iterator[str]:
    size = panel.layout.axis
    for tick in ticks(panel.end):
        x = panel.x(tick)
        yield line(x, panel.top, x, bottom, colour=GRID)
        yield write(x, bottom + size + 3, f"{tick:g}", size=size, anchor="middle", colour=GREY)
    y = bottom + 2 * size + 7
    yield write(panel.layout.labels, y, "seconds", size=size, colour=GREY)


def _panel(panel: Panel, shown: Segments) -> Iterator[str]:
    side, layout = panel.side, panel.layout
    y, right = panel.top - 0.45 * layout.title, layout.width - layout.margin
    yield write(layout.margin, y, side.name, size=layout.title, bold=True)
    yield write(right, y, side.score, size=layout.title, anchor="end", bold=True)
    yield from _lines(panel, shown)
    has_text = panel.rows == len(side.run.calls) and panel.row >= layout.least_text
    texts = list(row_texts(panel)) if has_text else []
    # Before all letters, or that of a row would cover the letters of the one above.
    yield from (text.ground() for text in texts if text.anchor == "start")
    for state in BARS:
        yield bars(_rectangles(panel, shown.bars[state]), state=state)
    if (x := panel.bound_x) is not None:
        yield bound_line(x, panel.top, x, panel.bottom)
    yield line(layout.labels, panel.bottom, panel.x(panel.end), panel.bottom, colour=GREY)
    yield from (text.drawn() for text in texts)


def _lines(panel: Panel, shown: Segments) -> Iterator[str]:
    for state, look in LINE_LOOKS.items():
        path = "".join(
            f"M{panel.x(start):.1f} {panel.top + (row + 0.5) * panel.row:.1f}"
            f"h{panel.x(stop) - panel.x(start):.1f}"
            for start, stop, row in shown.lines[state]
        )
        yield f'<path d="{path}" {look}/>' if path else ""


def _rectangles(panel: Panel, spans: FloatArray) -> Iterator[tuple[float, float, float, float]]:
    gap = 0.12 * panel.row
    for start, stop, row in spans:
        if stop > start and start < panel.end and row < panel.rows:
            x, y = panel.x(start), panel.top + row * panel.row + gap
            yield x, y, max(panel.x(stop) - x, 1.0), panel.row - 2 * gap


def _alt_text(sides: Sequence[Side], mark: str) -> str:
    scores = ". ".join(f"{side.name}: {side.score.replace(' · ', ' after ')}" for side in sides)
    prompts = pluralize(len(sides[0].run.calls), "prompt")
    return f"Two timelines of {prompts} on one time axis{f' ({mark})' if mark else ''}. {scores}."
