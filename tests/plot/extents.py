"""Where the texts and lines of a picture are, as they are rendered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

# Pixels of the page at 100 dpi.
_TOUCH = 0.5


def texts_of(figure: Figure) -> list[tuple[str, Bbox]]:
    """Return all that is written on a figure, with the boxes that it takes."""
    figure.draw_without_rendering()
    return [
        (text.get_text(), text.get_window_extent())
        for text in _visible(figure)
        if isinstance(text, Text) and text.get_text().strip()
    ]


def faults(figure: Figure) -> list[str]:
    """Say which texts of a figure cover each other, leave it, or are crossed by a line."""
    texts, touch = texts_of(figure), _TOUCH * figure.dpi / 100
    width, height = figure.bbox.width, figure.bbox.height
    said = [
        f"{what!r} leaves the page: {box.extents.round(1).tolist()} of {width:.0f} x {height:.0f}"
        for what, box in texts
        if box.x0 < -touch or box.y0 < -touch or box.x1 > width + touch or box.y1 > height + touch
    ]
    said += [
        f"{one!r} covers {other!r}"
        for (one, box), (other, there) in combinations(texts, 2)
        if _meet(box, there, touch)
    ]
    for line in _lines(figure):
        for what, box in texts:
            said += [f"{what!r} is crossed"] if _crosses(line, box, touch) else []
    return said


def _meet(one: Bbox, other: Bbox, touch: float) -> bool:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(across > touch and down > touch)


def _visible(artist: Artist) -> Iterator[Artist]:
    if artist.get_visible():
        yield artist
        for part in artist.get_children():
            yield from _visible(part)


def _lines(figure: Figure) -> Iterator[tuple[float, float, float, float]]:
    """Yield the ends of the bounds, of the lines to what is enlarged, and of arrows."""
    for artist in _visible(figure):
        if isinstance(artist, Line2D) and (artist.get_gid() == "bound" or artist in figure.artists):
            points = artist.get_transform().transform(artist.get_xydata())
            yield (*points[0], *points[-1])
        elif isinstance(artist, Annotation) and artist.arrow_patch is not None:
            box = artist.arrow_patch.get_window_extent()
            middle = (box.y0 + box.y1) / 2
            yield box.x0, middle, box.x1, middle


def _crosses(line: tuple[float, float, float, float], box: Bbox, touch: float) -> bool:
    """Tell whether a straight line passes through a box."""
    x, y, to_x, to_y = line
    enter, leave = 0.0, 1.0
    for start, end, low, high in ((x, to_x, box.x0, box.x1), (y, to_y, box.y0, box.y1)):
        low, high = low + touch, high - touch
        if start == end:
            if not low < start < high:
                return False
            continue
        ends = sorted(((low - start) / (end - start), (high - start) / (end - start)))
        enter, leave = max(enter, ends[0]), min(leave, ends[1])
    return enter < leave
