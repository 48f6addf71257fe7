"""The plan of a timeline: what goes on the card and where, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from ..analysis.bounds import lower_bound
from ..analysis.description import panels
from ..analysis.labels import labels
from ..analysis.pairs import pair_times
from ..analysis.sentences import caveat, finding
from ..analysis.wording import counted, is_concurrent, pace, seconds
from ..records import Comparison, Run
from .endings import Ending, endings
from .lettering import cut, drawable, headline, width_of, wrapped
from .placing import LABEL_GAP, STRIP, Arrow, Rect, TimeAxis, clear_of, place_arrow, time_axis
from .segments import Segments, end_of, origin_of, segments
from .style import CAVEAT_SIZE, EDGE, SAVED_SIZE, TITLE_SIZES, WIDTH

# More calls than this have no room for a label each.
MOST_LABELLED = 24
_MOST_LARGE = 6
_LARGEST_PANEL = 300
_WIDEST_NAME = 300
# Queues and savings shorter than this share of the axis cannot be seen; thin rows show no queues.
_SHORTEST = 0.004


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One run on the card.

    Parameters
    ----------
    title
        What is written over it.
    segments
        What is drawn of it.
    names, endings
        Left and right of each bar; empty where calls are too many.
    bound
        The lower bound in seconds, None where none is drawn.
    arrow, saved
        The arrow of the time saved, if there is one, and its text.
    rows
        How many calls.
    """

    title: str
    rows: int
    segments: Segments
    names: list[str]
    endings: list[Ending]
    bound: float | None = None
    arrow: Arrow | None = None
    saved: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is needed to draw the card; sizes in points, places in pixels."""

    headline: list[str]
    headline_size: float
    caveat: list[str]
    panels: list[Panel]
    axis: TimeAxis
    row: float
    name_size: float
    ending_size: float

    def height_of(self, panel: Panel) -> float:
        """Return the height of a panel with the strip that its arrow may need."""
        needs_strip = panel.arrow is not None and panel.arrow.needs_strip
        return self.row * max(panel.rows, 1) + (STRIP if needs_strip else 0)


def plan(shown: Run | Comparison) -> Plan:
    """Plan the timeline of a run or a comparison.

    Parameters
    ----------
    shown
        A run; or a comparison, of which the pair with the median speed-up is drawn.
    """
    titled = panels(shown)
    most = max(len(run.calls) for _, run in titled)
    row = _row_height(most)
    sizes = (9.0, 8.0) if row >= 20 else (8.0, 7.5)
    horizon = max(end_of(run) - origin_of(run) for _, run in titled) or 1.0
    made = [_panel(title, run, horizon=horizon, sizes=sizes) for title, run in titled]
    axis = time_axis(left=_left(made, size=sizes[0]), horizon=horizon, labels=_widths(made))
    made = [_clear_of_bound(panel, axis=axis) for panel in made]
    if isinstance(shown, Comparison):
        made[1] = _with_saving(made[1], (titled[0][1], titled[1][1]), axis=axis, row=row)
    lines, size = headline(finding(shown), width=WIDTH - 2 * EDGE, sizes=TITLE_SIZES)
    return Plan(
        headline=lines,
        headline_size=size,
        caveat=wrapped(_caveat(shown, made), width=WIDTH - 2 * EDGE, size=CAVEAT_SIZE),
        panels=made,
        axis=axis,
        row=row,
        name_size=sizes[0],
        ending_size=sizes[1],
    )


def _row_height(calls: int) -> float:
    if calls <= MOST_LABELLED:
        return 28 if calls <= _MOST_LARGE else 14
    return min(10.0, _LARGEST_PANEL / calls)


def _panel(title: str, run: Run, *, horizon: float, sizes: tuple[float, float]) -> Panel:
    labelled = len(run.calls) <= MOST_LABELLED
    names = (
        [cut(drawable(name), width=_WIDEST_NAME, size=sizes[0]) for name in labels(run)]
        if (labelled)
        else []
    )
    ranked = is_concurrent(run)
    return Panel(
        title=title if labelled else f"{title}: {counted(len(run.calls), 'call')}",
        rows=len(run.calls),
        segments=segments(run, shortest_queue=_SHORTEST * horizon if labelled else inf),
        names=names,
        endings=endings(run, ranked=ranked, size=sizes[1]) if labelled else [],
        bound=lower_bound(run) if ranked else None,
    )


def _left(made: list[Panel], *, size: float) -> float:
    names = [name for panel in made for name in panel.names]
    names += [f"call {panel.rows:,}" for panel in made if not panel.names]
    return EDGE + max(width_of(name, size=size) for name in names) + LABEL_GAP


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
    if not pace(compared.ratio).endswith("faster") or saved < _SHORTEST * axis.horizon:
        return panel
    text = f"{seconds(saved)} saved"
    if compared.kept < compared.prompts:
        text += f" on {counted(compared.kept, 'prompt')}"
    bottom = row * panel.rows
    rows = range(panel.rows - 1, -1, -1) if panel.endings else ()
    arrow = place_arrow(
        start=axis.px(compared.concurrent),
        end=axis.px(compared.sync),
        text_width=width_of(text, size=SAVED_SIZE, bold=True),
        levels=[(i + 0.5) * row for i in rows] or [bottom - 10],
        taken=_taken(panel, axis=axis, row=row),
        bottom=bottom,
    )
    return replace(panel, arrow=arrow, saved=text)


def _taken(panel: Panel, *, axis: TimeAxis, row: float) -> list[Rect]:
    """Return the areas of bars and of the words beside them; without words, of all bars at once."""
    if not panel.endings:
        ends = [rows[:, 1].max() for rows in panel.segments.bars.values() if len(rows)]
        return [Rect(0, 0, axis.px(float(max(ends))), row * panel.rows)] if ends else []
    taken = []
    for i, ending in enumerate(panel.endings):
        middle, end = (i + 0.5) * row, axis.px(ending.time)
        # A hair short of the bar's end, where the arrow may begin.
        taken.append(Rect(0, i * row, end - 0.5, (i + 1) * row))
        words = end + ending.gap
        taken.append(Rect(end + 0.5, middle - 6, words + ending.width, middle + 6))
    return taken


def _caveat(shown: Run | Comparison, made: list[Panel]) -> str:
    said = caveat(shown)
    overtakers = any(ending.bold for panel in made for ending in panel.endings)
    return (
        f"{said} ▲k\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}overtook k earlier calls."
        if overtakers and made[-1].rows > 2
        else said
    )
