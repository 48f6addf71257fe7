"""Small pieces of SVG, for pictures that are redrawn often.

A picture of twenty calls takes a few milliseconds and 40 kB; with matplotlib 300 milliseconds and
150 kB: too long next to calls that are being timed, and too much for a slow connection.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from functools import lru_cache
from html import escape
from math import floor, log10

from ..plot.style import BARS, DPI, INK, Look
from ..plot.text import drawable, width_of

# A picture knows how wide it is shown: below this, its smallest texts could not be read.
_NARROW = "@media (max-width: 1240px) {.fine {display: none}}"
_HALO = ' paint-order="stroke" stroke="white" stroke-width="{:g}"'
FONT = "'DejaVu Sans', Verdana, Arial, sans-serif"


def as_image(parts: Iterable[str], *, width: int, height: int, alt: str) -> str:
    """Return an ``img`` element as wide as its container, up to one and three quarters of `width`.

    Parameters
    ----------
    parts
        The SVG elements.
    width, height
        Pixels.
    alt
        The text alternative.
    """
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="{FONT}">'
        f"<style>{_NARROW}</style>"
        f'<rect width="{width}" height="{height}" fill="white"/>{"".join(parts)}</svg>'
    )
    # As an image, which has a text alternative and scales as a whole.
    data = base64.b64encode(svg.encode()).decode("ascii")
    return (
        f'<img alt="{escape(alt)}" width="{width}" height="{height}" '
        f'style="width: 100%; max-width: {width * 7 // 4}px; height: auto" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def write(
    x: float,
    y: float,
    text: str,
    *,
    size: float,
    anchor: str = "start",
    bold: bool = False,
    colour: str = INK,
    fine: bool = False,
    halo: float = 3,
) -> str:
    """Return a line of text.

    Parameters
    ----------
    x, y
        Where its base line starts, ends (``anchor="end"``) or has its middle, in pixels.
    text
        Any printable text; it is escaped.
    size
        Pixels.
    fine
        Leave it out where the picture is shown small.
    halo
        How thick the white around the letters is, which keeps lines out of them.
    """
    weight = ' font-weight="bold"' if bold else ""
    weight += ' class="fine"' if fine else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" '
        f'fill="{colour}"{weight}{_HALO.format(halo) if halo else ""}>'
        f"{escape(text)}</text>"
    )


# Measuring takes longer than drawing, and the same texts are drawn several times a second.
@lru_cache(1024)
def text_width(text: str, size: float) -> float:
    """Return about how wide a text is, in pixels: letters differ from machine to machine."""
    return width_of(drawable(text), size=size * 72 / DPI)


def line(x1: float, y1: float, x2: float, y2: float, *, colour: str, dashes: str = "") -> str:
    """Return a straight line, 1 pixel thick, dashed where `dashes` says how."""
    dashed = f' stroke-dasharray="{dashes}" stroke-width="1.5"' if dashes else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dashed}/>'
    )


def dot(x: float, y: float, *, colour: str) -> str:
    """Return a round mark."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{colour}" stroke="white"/>'


def bars(places: Iterable[tuple[float, float, float, float]], *, state: str) -> str:
    """Return rectangles in the style of a state, as one element.

    Parameters
    ----------
    places
        ``(x, y, width, height)`` of each, in pixels.
    state
        One of `plot.style.BARS`.
    """
    path = "".join(f"M{x:.1f} {y:.1f}h{w:.1f}v{h:.1f}h-{w:.1f}z" for x, y, w, h in places)
    look = BARS[state]
    fill = f"url(#{state})" if look.hatch else look.face
    edge = f' stroke="{look.edge}" stroke-width="0.8"' if not look.hatch else ""
    return f'<path d="{path}" fill="{fill}"{edge}/>' if path else ""


def hatches() -> str:
    """Return the definitions of the hatches that `bars` uses."""
    return f"<defs>{''.join(_hatch(s, look) for s, look in BARS.items() if look.hatch)}</defs>"


def ticks(end: float, *, most: int = 10) -> list[float]:
    """Return round numbers from 0 to `end`, at most `most` steps apart.

    Parameters
    ----------
    end
        Above 0.
    """
    unit = 10.0 ** floor(log10(end / most))
    step = next(unit * k for k in (1, 2, 5, 10) if end / (unit * k) <= most)
    return [round(i * step, 9) for i in range(int(end / step + 1e-9) + 1)]


def _hatch(state: str, look: Look) -> str:
    strokes = {"////": "M0 6L6 0", "xxxx": "M0 6L6 0M0 0L6 6", "....": "M2 3h2"}[look.hatch or ""]
    return (
        f'<pattern id="{state}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<rect width="6" height="6" fill="{look.face}"/>'
        f'<path d="{strokes}" stroke="white" stroke-width="1.2"/></pattern>'
    )
