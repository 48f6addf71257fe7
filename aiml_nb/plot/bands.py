"""Bands: the rows of each worker, named at their left, in a run that several workers sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ..analysis.workers import Band, workers
from ..records import Run
from ..report.labels import ELLIPSIS, sanitize
from .style import DPI, INK
from .text import drawable, families, width_of

NAME_SIZE = 8.0
# Pixels: a band's height that its name needs; the thin strip beside the rows; the gaps around it.
NAME_HEIGHT = 12.0
_STRIP, STRIP_GAP = 4.0, 4.0
# Of the page, and pixels, that names may take at most.
_NAMES_SHARE, _WIDEST = 0.14, 120.0
# Names with more characters say by themselves what they are, as an address does.
_SHORT = 12
# In turn, so that neighbours are told apart.
_STRIPS, _GROUNDS = ("#6E6E6E", "#B4B4B4"), ("none", "#F2F2F2")


def worker_names(run: Run, page: float) -> dict[str | None, str]:
    """Return what bands are called: ``worker 2``, or as much of a longer name as there is room for.

    Parameters
    ----------
    run
        The run.
    page
        How many pixels the page is wide.
    """
    room = min(_WIDEST, _NAMES_SHARE * page)
    return {worker: _label(worker, room=room) for worker in workers(run)}


def bands_width(runs: Iterable[Run], page: float) -> float:
    """Return the pixels that the bands of runs take at the left; 0 if none has several workers."""
    names = [
        name for run in runs if len(workers(run)) > 1 for name in worker_names(run, page).values()
    ]
    if not names:
        return 0.0
    return max(width_of(name, size=NAME_SIZE) for name in names) + _STRIP + 2 * STRIP_GAP


def draw_bands(
    axes: Axes, bands: Sequence[Band], names: dict[str | None, str], *, row: float, right: float
) -> None:
    """Draw the bands of a run and name as many of them as there is room for.

    Parameters
    ----------
    axes
        Its y is in rows from 0, downwards.
    bands, names
        What is drawn, and what each is called; the rows that no known worker sent have no name.
    row
        The height of a row in pixels.
    right
        Where the strip of a band ends, in pixels left of the Axes.
    """
    wide = float(axes.bbox.width) * DPI / axes.figure.dpi
    free = -inf
    for number, band in enumerate(bands):
        top, tall = band.first - 0.5, band.rows
        axes.axhspan(
            top, top + tall, facecolor=_GROUNDS[number % 2], lw=0, zorder=0.3, gid="band ground"
        )
        if band.worker is None:
            continue
        gap = min(0.5, 0.2 * tall * row) / row  # neighbours do not touch
        place, across = (-(right + _STRIP) / wide, top + gap), _STRIP / wide
        strip = Rectangle(place, across, tall - 2 * gap, facecolor=_STRIPS[number % 2], lw=0)
        strip.set(transform=axes.get_yaxis_transform(), clip_on=False, gid="band")
        axes.add_patch(strip)
        middle = (band.first + tall / 2) * row
        if middle - NAME_HEIGHT / 2 >= free - 0.5:
            free = middle + NAME_HEIGHT / 2
            _name(axes, names[band.worker], top + tall / 2, right=right + _STRIP + STRIP_GAP)


def _name(axes: Axes, name: str, y: float, *, right: float) -> None:
    look: dict[str, Any] = {"size": NAME_SIZE, "color": INK, "gid": "band name"}
    axes.annotate(
        name,
        (0, y),
        xycoords=axes.get_yaxis_transform(),
        xytext=(-right * 72 / DPI, 0),
        textcoords="offset points",
        ha="right",
        va="center_baseline",
        annotation_clip=False,
        family=families(name),
        **look,
    )


def _label(worker: str, *, room: float) -> str:
    name = drawable(sanitize(worker.partition("://")[2] or worker, width=60))
    said = name if len(name) > _SHORT else f"worker {name}"
    while len(said) > 1 and width_of(said, size=NAME_SIZE) > room:
        said = ELLIPSIS + said.removeprefix(ELLIPSIS)[1:]  # names differ at their ends
    return said
