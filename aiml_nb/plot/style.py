"""Colours, hatches and sizes: what each state of a call looks like on the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib.style

# The page is measured in pixels at this many dots per inch.
DPI = 100
WIDTH = 900
EDGE = 12

INK = "#222222"
GREY = "#555555"
NOTE_INK = "#444444"
RULE = "#8C8C8C"
GRID = "#E3E3E3"
# Pixels a row: under the first, bars have no outline; under the second, no hatch, gaps or queues;
# under the third, no marks, since those of a few calls would hide the bars of all others.
OUTLINED, HATCHED, MARKED = 10, 6, 1
# Queues and savings shorter than this share of the axis cannot be seen.
MIN_VISIBLE_SHARE = 0.004
GREEN = "#00664D"
# Darker than the bars of failed calls, so that small text reaches a contrast of 4.5 on white.
FAILED_INK = "#B34700"

TITLE_SIZES = (12.0, 11.0, 10.0)
CAVEAT_SIZE = 8.5
PANEL_TITLE_SIZE = 9.0
SAVED_SIZE = 9.0
LEGEND_SIZE = 8.0
AXIS_SIZE = 8.5
NOTE_SIZE = 8.0

_SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "text.parse_math": False,
    # Hinted, letters have whole pixels: text would be wider or narrower at other dots per inch.
    "text.hinting": "none",
    "text.color": INK,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "hatch.linewidth": 1.0,
}


@dataclass(frozen=True, slots=True)
class Look:
    """How the bars of one state are drawn, and what the legend calls them.

    Face or edge has a contrast of 3 to the page: the edge is the line around, and the hatch's.
    """

    meaning: str
    face: str
    edge: str
    hatch: str | None = None


BARS = {
    "whole": Look("call in flight (not streamed)", "#A6D1EE", "#0072B2"),
    "waiting": Look("waiting for first token", "#A6D1EE", "#0072B2"),
    "streaming": Look("answer streaming", "#0072B2", "#0072B2"),
    "retried": Look("attempt that was retried", "#E69F00", "#8F5800", "////"),
    "failed": Look("failed", "#D55E00", "white", "xxxx"),
    "cancelled": Look("cancelled", "#BDBDBD", "#6E6E6E", "...."),
}
LINES = {"queued": "queued", "backoff": "back-off"}
QUEUED_COLOUR = "#8C8C8C"
BACKOFF_COLOUR = BARS["retried"].edge
# The shape and the colour of the mark at the end of a bar; the square is that of a stop button.
PAUSE = Look("pause after a 429: nothing is sent", "#FEF6E8", "#AD7A1E", "\\\\")
MARKS = {
    "failed": ("X", BARS["failed"].face),
    "cancelled": ("s", "#6E6E6E"),
    "unfinished": (">", "#6E6E6E"),
}


@contextmanager
def own_style() -> Iterator[None]:
    """Draw with our settings, whatever the notebook has set, and put the notebook's back."""
    with matplotlib.style.context(["default", _SETTINGS]):
        yield
