"""The legend at the bottom of the page: only what is there to see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..analysis.kinds import HOLDERS
from ..records import CHAT
from ..report.wording import format_seconds
from .artists import mark
from .canvas import Canvas
from .kinds import KIND_BARS, meanings
from .style import (
    BACKOFF_COLOUR,
    BARS,
    DPI,
    EDGE,
    HATCHED,
    INK,
    LEGEND_SIZE,
    LINES,
    MARKED,
    MARKS,
    PAUSE,
    QUEUED_COLOUR,
)
from .text import width_of

LINE_HEIGHT = 18
# Pixels: the sample before an entry and the gaps around it, as set below in units of the text size.
_SAMPLE = 1.8
_GAP = 0.65
_BETWEEN = 1.35
_AROUND = (_SAMPLE + _GAP + _BETWEEN) * LEGEND_SIZE * DPI / 72

# In the order that a call goes through them.
_ORDER = (
    *("queued", "function", "step", "whole", "waiting", "streaming"),
    *(state for state in KIND_BARS if state not in HOLDERS),
    *("retried", "backoff", "pause", "failed", "cancelled", "unfinished"),
)
_LOOKS = BARS | KIND_BARS | {"pause": PAUSE}
_OTHERS = {"pause": PAUSE.meaning, "unfinished": "unfinished: it went on"}

Entry: TypeAlias = tuple[str, Artist]


def entries(
    states: Iterable[str], *, row: float, bounds: Sequence[float] = (), plain: str = CHAT
) -> list[Entry]:
    """Return the legend's texts and samples.

    Parameters
    ----------
    states
        The states that are present.
    row
        The height of a row in pixels.
    bounds
        The lower bounds that are drawn, in seconds; where there are several, none is written.
    plain
        The kind of call that is drawn without a hatch.
    """
    present = set(states)
    named = LINES | meanings(present, plain=plain) | _OTHERS
    for whole in [state for state in present if state.endswith("whole")]:
        waiting = whole.replace("whole", "waiting")
        if waiting in present:  # it looks the same
            present.remove(waiting)
            named[whole] = named[whole].removesuffix(" (not streamed)")
    made: list[Entry] = [
        (named[state], _sample(state, row=row)) for state in _ORDER if state in present
    ]
    if bounds:
        dashes = Line2D([], [], color="black", linestyle="--", linewidth=1.2)
        value = f" {format_seconds(bounds[0])}" if len(bounds) == 1 else ""
        made.append((f"lower bound{value}", dashes))
    return made


def rows_of(made: list[Entry], *, width: float) -> list[list[Entry]]:
    """Break the entries into as few rows as the width of the page allows."""
    rows: list[list[Entry]] = []
    used = 0.0
    for entry in made:
        needed = width_of(entry[0], size=LEGEND_SIZE) + _AROUND
        if not rows or used + needed > width - EDGE + _BETWEEN * LEGEND_SIZE * DPI / 72:
            rows.append([])
            used = EDGE
        rows[-1].append(entry)
        used += needed
    return rows


def draw_row(canvas: Canvas, row: list[Entry], *, top: float) -> None:
    """Draw one row of the legend.

    Parameters
    ----------
    canvas
        The page.
    row
        Its entries.
    top
        Where the row begins, in pixels.
    """
    canvas.figure.legend(
        [sample for _, sample in row],
        [text for text, _ in row],
        loc="upper left",
        bbox_to_anchor=(EDGE / canvas.width, 1 - top / canvas.height),
        ncols=len(row),
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        fontsize=LEGEND_SIZE,
        handlelength=_SAMPLE,
        handletextpad=_GAP,
        columnspacing=_BETWEEN,
        labelcolor=INK,
    )


def _sample(state: str, *, row: float) -> Artist:
    if state == "queued":
        return Line2D([], [], color=QUEUED_COLOUR, linewidth=0.9)
    if state == "backoff":
        return Line2D([], [], color=BACKOFF_COLOUR, linestyle=":", linewidth=1.4)
    if state in MARKS and (row >= MARKED or state not in _LOOKS):
        return mark(state, row=row)
    look, plain = _LOOKS[state], row < HATCHED and state != "pause"
    return Patch(
        facecolor=look.face,
        edgecolor=look.edge,
        hatch=None if plain else look.hatch,
        linewidth=0.0 if look.edge == "white" or plain else 0.8,
    )
