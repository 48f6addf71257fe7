"""The layouts "rows" and "strategies": what goes where, before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from math import inf

from ..analysis.bounds import (
    any_finished,
    efficiency,
    end_of,
    lower_bound,
    origin_of,
)
from ..analysis.effects import median_call
from ..analysis.subject import Subject
from ..analysis.workers import worker_lanes, worker_rows
from ..records import Run
from ..report.labels import labels
from ..report.subjects import subjects
from ..report.wording import (
    at_a_time,
    format_percent,
    format_seconds,
    is_concurrent,
)
from .bands import bands_width, worker_names
from .geometry import LABEL_GAP, Label, TimeAxis, clear_of, time_axis
from .inside_marks import row_height
from .limit import limit_below
from .row_endings import endings, in_rows
from .rows import Panel, Rows
from .saving import with_saving
from .segments import segments
from .strips import left_of_strip
from .style import EDGE, MIN_VISIBLE_SHARE, PANEL_TITLE_SIZE
from .text import cut, drawable, width_of
from .view import View

# Up to this many rows are high.
_MAX_LARGE = 6
# Pixels that the slots of all runs may take together, and labelled rows with calls in them.
_LANES_HEIGHT = 420
_ROWS_HEIGHT = 640
_WIDEST_NAME = 300
# The share of the page that names may take, and words with a model's name beside bars.
_NAMES_SHARE = 1 / 3
# Seconds that starting a call takes when nothing holds it back: not drawn as a queue.
_NO_QUEUE = 0.02


def plan_rows(subject: Subject, view: View) -> Rows:
    """Plan a labelled row for each call.

    Parameters
    ----------
    subject
        A run; or a comparison, of which the pair with the median speed-up is drawn.
    view
        How the picture is asked for.
    """
    titled, right = subjects(subject), view.page_width - EDGE
    few = max(len(run.calls) for _, run in titled) <= _MAX_LARGE
    sizes = (9.0, 8.0) if few else (8.0, 7.5)
    horizon = horizon_of(run for _, run in titled)
    plan = partial(_panel, horizon=horizon, sizes=sizes, plain=subject.plainest, view=view)
    made = [plan(title, run) for title, run in titled]
    row = row_height(
        [panel.segments.inside for panel in made],
        rows=sum(panel.rows for panel in made),
        least=28 if few else 14,
        room=_ROWS_HEIGHT,
    )
    left = _left(made, size=sizes[0]) + bands_width([run for _, run in titled], view.page_width)
    if not view.is_simple and limit_below(subject) is not None:
        left = max(left, left_of_strip(subject.run))
    axis = time_axis(left=left, right=right, horizon=horizon, labels=_labels(made))
    made = [_clear_of_bound(panel, axis=axis) for panel in made]
    if subject.pair is not None:
        made[1] = with_saving(made[1], subject.pair, axis=axis, row=row, right=right)
    return Rows(
        panels=made,
        axis=axis,
        row=row,
        name_size=sizes[0],
        ending_size=sizes[1],
        watched=subject.is_watched,
    )


def plan_strategies(subject: Subject, view: View) -> Rows:
    """Plan several runs below each other on one time axis, with a row for each slot.

    A slot is equally thick in all of them, so that the areas are the work done.

    Parameters
    ----------
    subject
        The runs.
    view
        How the picture is asked for.
    """
    placed = [worker_lanes(run) for run in subject.runs]
    slots = sum(each.count for each in placed)
    row = min(14.0, _LANES_HEIGHT / slots)
    made = [
        Panel(
            title=_titled(name, _in_numbers(run, view), room=view.page_width - 2 * EDGE),
            rows=rows.count,
            segments=segments(run, rows=rows, shortest_queue=inf, plain=subject.plainest),
            bound=_bound(run, view),
            bands=rows.bands,
            band_names=worker_names(run, view.page_width),
        )
        for (name, run), rows in zip(subjects(subject), placed, strict=True)
    ]
    inner = (panel.segments.inside for panel in made)
    row = row_height([*inner], rows=slots, least=row, room=_LANES_HEIGHT)
    horizon, right = horizon_of(subject.runs), view.page_width - EDGE
    left = EDGE + (bands_width(subject.runs, view.page_width) or EDGE)
    axis = time_axis(left=left, right=right, horizon=horizon, labels=())
    return Rows(
        panels=made, axis=axis, row=row, name_size=8.0, ending_size=8.0, watched=subject.is_watched
    )


def key_of(rows: Rows) -> str:
    """Say what the triangle means, if there is one among more than two calls."""
    overtakers = any(ending.bold for panel in rows.panels for ending in panel.endings)
    if not overtakers or rows.panels[-1].rows <= 2:
        return ""
    return "▲k\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}overtook k earlier calls."


def horizon_of(runs: Iterable[Run]) -> float:
    """Return the end of a time axis for runs, in seconds since the first submit of each."""
    return max((end_of(run) - origin_of(run) for run in runs), default=0.0) or 1.0


def _titled(name: str, numbers: str, *, room: float) -> str:
    """Return a run's name and numbers; it is the name that is cut where there is no room."""
    size, said = PANEL_TITLE_SIZE, f": {numbers}"
    room -= width_of(said, size=size, bold=True)
    return f"{cut(drawable(name, others=()), width=room, size=size, bold=True)}{said}"


def _bound(run: Run, view: View) -> float | None:
    return lower_bound(run) if is_concurrent(run) and not view.is_simple else None


def _in_numbers(run: Run, view: View) -> str:
    if not any_finished(run):
        return "no call finished"
    if run.variant is not None:  # in turns with others: its time as a whole says nothing
        return f"{format_seconds(median_call(run))} a call (median)"
    reached = None if view.is_simple else efficiency(run)
    best = f", efficiency {format_percent(reached)}" if reached and is_concurrent(run) else ""
    return f"{format_seconds(run.makespan)}, {at_a_time(run)}{best}"


def _panel(
    title: str,
    run: Run,
    *,
    horizon: float,
    sizes: tuple[float, float],
    plain: str,
    view: View,
) -> Panel:
    ranked, room = is_concurrent(run), _NAMES_SHARE * view.page_width
    called, placed = worker_names(run, view.page_width), worker_rows(run)
    widest = min(_WIDEST_NAME, room - bands_width([run], view.page_width))
    names = [cut(drawable(name), width=widest, size=sizes[0]) for name in labels(run)]
    said = endings(run, ranked=ranked, size=sizes[1], room=room)
    names, said = in_rows(run, placed, names, said, called=called, size=sizes[1])
    return Panel(
        title=title,
        rows=placed.count,
        segments=segments(
            run,
            rows=placed,
            shortest_queue=max(MIN_VISIBLE_SHARE * horizon, _NO_QUEUE),
            plain=plain,
        ),
        names=names,
        endings=said,
        bound=_bound(run, view),
        bands=placed.bands,
        band_names=called,
    )


def _left(made: list[Panel], *, size: float) -> float:
    names = [name for panel in made for name in panel.names]
    return EDGE + max((width_of(name, size=size) for name in names), default=0.0) + LABEL_GAP


def _labels(made: list[Panel]) -> list[Label]:
    return [
        Label(end=ending.time, width=ending.gap + ending.width, bound=panel.bound)
        for panel in made
        for ending in panel.endings
    ]


def _clear_of_bound(panel: Panel, *, axis: TimeAxis) -> Panel:
    if panel.bound is None:
        return panel
    bound, moved = axis.px(panel.bound), []
    for ending in panel.endings:
        end = axis.px(ending.time)
        start = clear_of(bound, start=end + ending.gap, width=ending.width)
        moved.append(replace(ending, gap=start - end))
    return replace(panel, endings=moved)
