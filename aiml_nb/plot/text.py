"""Text on the page: what the fonts can draw, how wide it is, and where its lines break."""

from __future__ import annotations

import re
from bisect import bisect
from functools import cache

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from ..report.labels import ELLIPSIS
from .style import DPI

BASE_FONT = "DejaVu Sans"
# Fonts for scripts that the base font lacks, as they come with the usual systems.
OTHER_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "NanumGothic",
    "Noto Sans Devanagari",
    "Nirmala UI",
    "Noto Sans Thai",
    "Noto Emoji",
    "Segoe UI Emoji",
    "Segoe UI Symbol",
)
# A white square in place of what no installed font can draw.
MISSING = "□"
_BLANK = re.compile(r" (?!(?<=\d )(?:[mµ]?s|min|h|MiB|GiB)\b)")


def families(text: str, *, others: tuple[str, ...] = OTHER_FONTS) -> list[str]:
    """Return the fonts to draw `text` with: the base font, and others only if it needs them.

    Parameters
    ----------
    text
        The text.
    others
        Names of fonts to try, in this order; those that are not installed are skipped.
    """
    missing = {ord(character) for character in text} - _characters_of(BASE_FONT)
    chosen = [BASE_FONT]
    for name in others if missing else ():
        if name in _installed() and missing & _characters_of(name):
            chosen.append(name)
            missing -= _characters_of(name)
    return chosen


def drawable(text: str, *, others: tuple[str, ...] = OTHER_FONTS) -> str:
    """Replace the characters that no installed font can draw: matplotlib would warn of them."""
    fonts = [_characters_of(name) for name in families(text, others=others)]
    return "".join(c if any(ord(c) in font for font in fonts) else MISSING for c in text)


def width_of(text: str, *, size: float, bold: bool = False) -> float:
    """Return the width of one line of text on the page, in pixels.

    Parameters
    ----------
    text
        Text that `drawable` has passed.
    size
        Points.
    bold
        The weight.
    """
    return _extent(text, size=size, bold=bold)[0]


def _extent(text: str, *, size: float, bold: bool) -> tuple[float, float]:
    weight = "bold" if bold else "normal"
    font = FontProperties(family=families(text), size=size, weight=weight)
    measure = _renderer().get_text_width_height_descent
    width, height, _ = measure(text, font, ismath=False)  # type: ignore[no-untyped-call]
    return float(width), float(height)


def height_of(text: str, *, size: float, bold: bool = False) -> float:
    """Return the height of one line of text in pixels, which accents upon accents make higher."""
    return max(_extent(shown, size=size, bold=bold)[1] for shown in (text, "lp"))


def wrapped(text: str, *, width: float, size: float, bold: bool = False) -> list[str]:
    """Break text into lines no wider than `width`: at blanks, and within words that are wider.

    A number stays with its unit.
    """
    lines: list[str] = []
    for word in filter(None, _BLANK.split(text)):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size=size, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines += _pieces(word, width=width, size=size, bold=bold)
    return lines


def _pieces(word: str, *, width: float, size: float, bold: bool) -> list[str]:
    """Break a word where it is wider than `width`; of each piece at least a character stays."""
    pieces = [word]
    while width_of(last := pieces[-1], size=size, bold=bold) > width and len(last) > 1:
        fits = range(2, len(last))
        end = bisect(fits, width, key=lambda n: width_of(last[:n], size=size, bold=bold)) + 1
        pieces[-1:] = [last[:end], last[end:]]
    return pieces


def headline(text: str, *, width: float, sizes: tuple[float, ...]) -> tuple[list[str], float]:
    """Fit a headline on one line with the largest size that does, else wrap it at the smallest.

    Parameters
    ----------
    text
        The headline.
    width
        Pixels.
    sizes
        Points, largest first.

    Returns
    -------
    tuple
        The lines, and their size.
    """
    for size in sizes:
        if width_of(text, size=size, bold=True) <= width:
            return [text], size
    return wrapped(text, width=width, size=sizes[-1], bold=True), sizes[-1]


def cut(text: str, *, width: float, size: float, bold: bool = False) -> str:
    """Cut text with an ellipsis until it is no wider than `width`."""
    shorter = text
    while len(shorter) > 1 and width_of(shorter, size=size, bold=bold) > width:
        shorter = shorter.removesuffix(ELLIPSIS)[:-1].rstrip() + ELLIPSIS
    return shorter


@cache
def _renderer() -> RendererAgg:
    return RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call]


@cache
def _installed() -> frozenset[str]:
    return frozenset(entry.name for entry in fontManager.ttflist)


@cache
def _characters_of(name: str) -> frozenset[int]:
    return frozenset(get_font(findfont(name)).get_charmap())
