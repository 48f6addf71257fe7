"""The arrow of the time that a concurrent run saves, where neither bars nor words are."""

from __future__ import annotations

from dataclasses import replace

from ..analysis.pairs import pair_times
from ..records import Run
from ..report.wording import format_seconds, pace, pluralize
from .geometry import Rect, TimeAxis, place_arrow
from .rows import Panel
from .style import MIN_VISIBLE_SHARE, SAVED_SIZE
from .text import width_of


def with_saving(
    panel: Panel, pair: tuple[Run, Run], *, axis: TimeAxis, row: float, right: float
) -> Panel:
    """Return a panel with the arrow from the end of its run to that of the sequential one.

    It is returned as it is where nothing was saved, or too little to be seen.

    Parameters
    ----------
    panel
        The concurrent run.
    pair
        The sequential and the concurrent run.
    axis
        The time axis.
    row, right
        Pixels: how high a row is, and where the page ends.
    """
    compared = pair_times(*pair)
    saved = compared.sync - compared.concurrent
    if (
        compared.kept < 2
        or not pace(compared.ratio).endswith("faster")
        or saved < MIN_VISIBLE_SHARE * axis.horizon
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
        right=right,
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
        taken.append(Rect(end + 0.5, middle - 7, words + ending.width, middle + 7))
    if panel.bound is not None and panel.bound < _last(panel):
        bound = axis.px(panel.bound)
        taken.append(Rect(bound - 2, 0, bound + 2, row * panel.rows))
    return taken


def _last(panel: Panel) -> float:
    return max((ending.time for ending in panel.endings), default=0.0)
