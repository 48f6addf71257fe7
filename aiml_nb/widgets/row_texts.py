"""What is written in a race's picture beside each row: the prompt, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ..analysis.answered import is_answered, is_cut
from ..analysis.order import finishing_ranks
from ..plot.geometry import clear_of
from ..plot.style import DPI, FAILED_INK, INK
from ..plot.text import cut, drawable
from ..records import Call
from ..report.labels import labels
from ..report.wording import format_seconds, is_concurrent, ordinal
from .layout import Panel
from .svg import text_width, write

# Texts that are smaller than this would be unreadable in a narrow window, and are left out there.
_FINE = 12
# Before a bar and after it, and at the sides of the picture.
_BEFORE_BARS, _GAP, _EDGE = 6, 5, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RowText:
    """A text beside a row; places and sizes in the picture's own units."""

    x: float
    y: float
    text: str
    size: float
    anchor: str
    colour: str = INK

    def drawn(self) -> str:
        """Return it as SVG, with nothing around the letters."""
        return self._written(colour=self.colour, halo=0)

    def ground(self) -> str:
        """Return the white that keeps lines out of it, as SVG."""
        return self._written(colour="white", halo=3)

    def _written(self, *, colour: str, halo: float) -> str:
        return write(
            self.x,
            self.y,
            self.text,
            size=self.size,
            anchor=self.anchor,
            colour=colour,
            fine=self.size < _FINE,
            halo=halo,
        )


def row_texts(panel: Panel) -> Iterator[RowText]:
    """Return the prompt before each row, and after it the rank and time of the answer."""
    run, layout = panel.side.run, panel.layout
    size = min(layout.text, panel.row)
    room = layout.labels - _BEFORE_BARS - _EDGE
    names = [_cut(name, width=room, size=size) for name in labels(run)]
    bound = panel.bound_x
    rows = zip(names, run.calls, finishing_ranks(run), strict=True)
    for i, (name, call, place) in enumerate(rows):
        y = panel.top + (i + 0.5) * panel.row + size * 0.36
        yield RowText(x=layout.labels - _BEFORE_BARS, y=y, text=name, size=size, anchor="end")
        if call.finished is None or call.started is None:
            continue
        said = _ending(call, place if is_concurrent(run) else None)
        x = _beside(panel, said, bound, size=size, end=panel.x(call.finished))
        colour = FAILED_INK if call.outcome in ("error", "timeout") else INK
        yield RowText(x=x, y=y, text=said, size=size, anchor="start", colour=colour)


def _ending(call: Call, place: int | None) -> str:
    answered = is_answered(call)
    rank = f"{ordinal(place)} · " if answered and place else ""
    what = "" if answered else f"{call.outcome} · "
    return f"{rank}{what}{format_seconds(call.finished or 0.0)}{' · cut' if is_cut(call) else ''}"


def _beside(panel: Panel, text: str, bound: float | None, *, size: float, end: float) -> float:
    """Return where a text begins that stands beside a bar: in the picture, and beside the bound."""
    start, width = end + _GAP, text_width(text, size)
    if bound is not None:
        start = clear_of(bound, start=start, width=width)
    return min(start, panel.layout.width - _EDGE - width)


# As slow as measuring.
@lru_cache(1024)
def _cut(name: str, *, width: float, size: float) -> str:
    return cut(drawable(name), width=width, size=size * 72 / DPI)
