"""The page of a picture: finding and caveat on top, blocks below each other, then the legend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from matplotlib.figure import Figure

from .canvas import Canvas
from .legend import LINE_HEIGHT, Entry, draw_row, rows_of
from .style import CAVEAT_SIZE, DPI, EDGE, GREY, INK, TITLE_SIZES
from .text import headline, height_of, wrapped

_TOP = 6
_HEADLINE = 19
_CAVEAT = 14
_BOTTOM = 6


class Block(Protocol):
    """A part of the page, as wide as the page."""

    @property
    def height(self) -> float:
        """Pixels, with the room it needs above and below."""

    def entries(self) -> list[Entry]:
        """Return its part of the legend."""

    def draw(self, canvas: Canvas, *, top: float) -> None:
        """Draw it `top` pixels below the upper edge of the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What goes on the page, in words and blocks, and how many pixels wide it is at 100 dpi."""

    width: float
    finding: str
    caveat: str
    blocks: list[Block]


def draw_page(figure: Figure, page: Page) -> None:
    """Draw a page on an empty figure, and set the figure to the height that the page needs.

    Parameters
    ----------
    figure
        The figure.
    page
        What goes on it.
    """
    room = page.width - 2 * EDGE
    title, size = headline(page.finding, width=room, sizes=TITLE_SIZES)
    caveat = wrapped(page.caveat, width=room, size=CAVEAT_SIZE)
    legend = rows_of(_legend(page.blocks), width=page.width)
    header = [_Line(line, size, least=_HEADLINE, foot=5, bold=True) for line in title]
    header += [_Line(line, CAVEAT_SIZE, least=_CAVEAT, foot=3, colour=GREY) for line in caveat]
    top: float = _TOP + sum(line.height for line in header) + 2
    end = top + sum(block.height for block in page.blocks)
    height = end + LINE_HEIGHT * len(legend) + _BOTTOM
    figure.set_layout_engine("none")
    figure.set_size_inches(page.width / DPI, height / DPI)
    figure.set_facecolor("white")
    canvas = Canvas(figure, page.width, height)
    _draw_header(canvas, header)
    for block in page.blocks:
        block.draw(canvas, top=top)
        top += block.height
    for i, row in enumerate(legend):
        draw_row(canvas, row, top=end + i * LINE_HEIGHT)


def _legend(blocks: list[Block]) -> list[Entry]:
    entries = {entry[0]: entry for block in reversed(blocks) for entry in reversed(block.entries())}
    return list(reversed(entries.values()))


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the header; `least` is its height, `foot` the part of it under its base line."""

    text: str
    size: float
    least: float
    foot: float
    bold: bool = False
    colour: str = INK

    @property
    def height(self) -> float:
        return max(self.least, height_of(self.text, size=self.size, bold=self.bold))


def _draw_header(canvas: Canvas, lines: list[_Line]) -> None:
    y = float(_TOP)
    for line in lines:
        y += line.height
        foot, size = y - line.foot, line.size
        canvas.write(EDGE, foot, line.text, size=size, bold=line.bold, colour=line.colour)
