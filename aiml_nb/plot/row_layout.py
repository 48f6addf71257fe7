"""The layouts "rows" and "strategies": what goes where, before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import inf

from ..analysis.bounds import (
    any_finished,
    efficiency,
    end_of,
    lower_bound,
    origin_of,
    peak_in_flight,
)
from ..analysis.effects import median_call
from ..analysis.lanes import lanes
from ..analysis.pairs import pair_times
from ..analysis.subject import Subject
from ..records import Run
from ..report.labels import labels
from ..report.subjects import subjects
from ..report.wording import (
    at_a_time,
    format_percent,
    format_seconds,
    is_concurrent,
    pace,
    pluralize,
)
from .geometry import LABEL_GAP, Rect, TimeAxis, clear_of, place_arrow, time_axis
from .inside_marks import row_height
from .row_endings import endings
from .rows import Panel, Rows
from .segments import segments
from .style import EDGE, SAVED_SIZE
from .text import cut, drawable, width_of

# Up to this many rows are high.
_MAX_LARGE = 6
# Pixels that the slots of all runs may take together, and labelled rows with calls in them.
_LANES_HEIGHT = 420
_ROWS_HEIGHT = 640
_WIDEST_NAME = 300
# Queues and savings shorter than this share of the axis cannot be seen.
_MIN_VISIBLE_SHARE = 0.004
# Seconds that starting a call takes when nothing holds it back: not drawn as a queue.
_NO_QUEUE = 0.02


def plan_rows(subject: Subject) -> Rows:
    """Plan a labelled row for each call.

    Parameters
    ----------
    subject
        A run; or a comparison, of which the pair with the median speed-up is drawn.
    """
    titled = subjects(subject)
    few = max(len(run.calls) for _, run in titled) <= _MAX_LARGE
    sizes = (9.0, 8.0) if few else (8.0, 7.5)
    horizon, plain = horizon_of(run for _, run in titled), subject.plainest
    made = [_panel(title, run, horizon=horizon, sizes=sizes, plain=plain) for title, run in titled]
    row = row_height(
        [panel.segments.inside for panel in made],
        rows=sum(panel.rows for panel in made),
        least=28 if few else 14,
        room=_ROWS_HEIGHT,
    )
    axis = time_axis(left=_left(made, size=sizes[0]), horizon=horizon, labels=_widths(made))
    made = [_clear_of_bound(panel, axis=axis) for panel in made]
    if subject.pair is not None:
        made[1] = _with_saving(made[1], subject.pair, axis=axis, row=row)
    return Rows(
        panels=made,
        axis=axis,
        row=row,
        name_size=sizes[0],
        ending_size=sizes[1],
        watched=subject.is_watched,
    )


def plan_strategies(subject: Subject) -> Rows:
    """Plan several runs below each other on one time axis, with a row for each slot.

    A slot is equally thick in all of them, so that the areas are the work done.
    """
    counts = [max(1, peak_in_flight(run)) for run in subject.runs]
    row = min(14.0, _LANES_HEIGHT / sum(counts))
    made = [
        Panel(
            title=f"{name}: {_in_numbers(run)}",
            rows=count,
            segments=segments(run, rows=lanes(run), shortest_queue=inf, plain=subject.plainest),
            bound=lower_bound(run) if is_concurrent(run) else None,
        )
        for (name, run), count in zip(subjects(subject), counts, strict=True)
    ]
    inner = (panel.segments.inside for panel in made)
    row = row_height([*inner], rows=sum(counts), least=row, room=_LANES_HEIGHT)
    axis = time_axis(left=2 * EDGE, horizon=horizon_of(subject.runs), labels=())
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


def _in_numbers(run: Run) -> str:
    if not any_finished(run):
        return "no call finished"
    if run.variant is not None:  # in turns with others: its time as a whole says nothing
        return f"{format_seconds(median_call(run))} a call (median)"
    reached = efficiency(run)
    best = f", efficiency {format_percent(reached)}" if reached and is_concurrent(run) else ""
    return f"{format_seconds(run.makespan)}, {at_a_time(run)}{best}"


def _panel(
    title: str, run: Run, *, horizon: float, sizes: tuple[float, float], plain: str
) -> Panel:
    ranked = is_concurrent(run)
    return Panel(
        title=title,
        rows=len(run.calls),
        segments=segments(
            run, shortest_queue=max(_MIN_VISIBLE_SHARE * horizon, _NO_QUEUE), plain=plain
        ),
        names=[cut(drawable(name), width=_WIDEST_NAME, size=sizes[0]) for name in labels(run)],
        endings=endings(run, ranked=ranked, size=sizes[1]),
        bound=lower_bound(run) if ranked else None,
    )


def _left(made: list[Panel], *, size: float) -> float:
    names = [name for panel in made for name in panel.names]
    return EDGE + max((width_of(name, size=size) for name in names), default=0.0) + LABEL_GAP


def _widths(made: list[Panel]) -> list[tuple[float, float]]:
    return [(ending.time, ending.gap + ending.width) for panel in made for ending in panel.endings]


def _clear_of_bound(panel: Panel, *, axis: TimeAxis) -> Panel:
    if panel.bound is None:
        return panel
    bound, moved = axis.px(panel.bound), []
    for ending in panel.endings:
        end = axis.px(ending.time)
        start = clear_of(bound, start=end + ending.gap, width=ending.width)
        moved.append(replace(ending, gap=start - end))
    return replace(panel, endings=moved)


def _with_saving(panel: Panel, pair: tuple[Run, Run], *, axis: TimeAxis, row: float) -> Panel:
    compared = pair_times(*pair)
    saved = compared.sync - compared.concurrent
    if (
        compared.kept < 2
        or not pace(compared.ratio).endswith("faster")
        or saved < _MIN_VISIBLE_SHARE * axis.horizon
    ):
        return panel
    text = f"{format_seconds(saved)} saved"
    if compared.kept < compared.prompts:
        text += f" on {pluralize(compared.kept, 'prompt')}"
    arrow = place_arrow(
        start=axis.px(compared.concurrent),
        end=axis.px(compared.sync),
        text_width=width_of(text, size=SAVED_SIZE, bold=True),
        levels=[(i + 0.5) * row for i in range(panel.rows - 1, -1, -1)],
        taken=_taken(panel, axis=axis, row=row),
        bottom=row * panel.rows,
    )
    return replace(panel, arrow=arrow, saved=text)


def _taken(panel: Panel, *, axis: TimeAxis, row: float) -> list[Rect]:
    """Return the areas of bars and of the words beside them."""
    taken = []
    for i, ending in enumerate(panel.endings):
        middle, end = (i + 0.5) * row, axis.px(ending.time)
        # A hair short of the bar's end, where the arrow may begin.
        taken.append(Rect(0, i * row, end - 0.5, (i + 1) * row))
        words = end + ending.gap
        taken.append(Rect(end + 0.5, middle - 6, words + ending.width, middle + 6))
    return taken
