"""The page of a picture: finding and caveat on top, blocks below each other, then the legend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from matplotlib.figure import Figure

from .canvas import Canvas
from .legend import LINE_HEIGHT, Entry, draw_row, rows_of
from .style import CAVEAT_SIZE, DPI, EDGE, GREY, TITLE_SIZES, WIDTH
from .text import headline, wrapped

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
    """What goes on the page, in words and blocks."""

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
    room = WIDTH - 2 * EDGE
    title, size = headline(page.finding, width=room, sizes=TITLE_SIZES)
    caveat = wrapped(page.caveat, width=room, size=CAVEAT_SIZE)
    legend = rows_of(_legend(page.blocks))
    top: float = _TOP + _HEADLINE * len(title) + _CAVEAT * len(caveat) + 2
    end = top + sum(block.height for block in page.blocks)
    height = end + LINE_HEIGHT * len(legend) + _BOTTOM
    figure.set_layout_engine("none")
    figure.set_size_inches(WIDTH / DPI, height / DPI)
    figure.set_facecolor("white")
    canvas = Canvas(figure, height)
    _draw_header(canvas, title, caveat, size=size)
    for block in page.blocks:
        block.draw(canvas, top=top)
        top += block.height
    for i, row in enumerate(legend):
        draw_row(figure, row, top=end + i * LINE_HEIGHT, height=height)


def _legend(blocks: list[Block]) -> list[Entry]:
    entries = {entry[0]: entry for block in reversed(blocks) for entry in reversed(block.entries())}
    return list(reversed(entries.values()))


def _draw_header(canvas: Canvas, title: list[str], caveat: list[str], *, size: float) -> None:
    y = float(_TOP)
    for line in title:
        y += _HEADLINE
        canvas.write(EDGE, y - 5, line, size=size, bold=True)
    for line in caveat:
        y += _CAVEAT
        canvas.write(EDGE, y - 3, line, size=CAVEAT_SIZE, colour=GREY)
