"""The dark version of a picture: the light one through one map of its colours.

The map is that of the CSS filter ``invert(93%) hue-rotate(180deg)``: light becomes dark, and hues
stay. So one picture is enough for a page that is light or dark: where the page is dark, its style
asks the browser for the filter, and what it shows is what `darken` makes of a figure. A transparent
ground would not do: no colour of text has a contrast of 4.5 on white and on JupyterLab's #111111.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axis import Tick
from matplotlib.collections import Collection, QuadMesh
from matplotlib.colors import Colormap, ListedColormap, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation, Text

from ..analysis.arrays import FloatArray
from .style import GREY, GRID, INK

_INVERTED = 0.93
FILTER = f"invert({_INVERTED:.0%}) hue-rotate(180deg)"
# Of the filter: https://www.w3.org/TR/filter-effects-1/#feColorMatrixElement
_TURNED = np.array([[-0.574, 1.430, 0.144], [0.426, 0.430, 0.144], [0.426, 1.430, -0.856]])


def on_dark(colour: Any) -> FloatArray:
    """Return what colours of the light picture are in the dark one, as rows of RGBA.

    Parameters
    ----------
    colour
        One or several, as matplotlib takes them.
    """
    colours = to_rgba_array(colour).astype(np.float64)
    inverted = _INVERTED + (1 - 2 * _INVERTED) * colours[:, :3]
    turned: FloatArray = np.clip(inverted @ _TURNED.T, 0.0, 1.0)
    return np.column_stack([turned, colours[:, 3]])


def darken(figure: Figure) -> None:
    """Map all colours of a figure that was drawn light."""
    for axes in figure.axes:
        axes.tick_params(
            which="both",
            color=_one(GREY),
            labelcolor=_one(INK),
            grid_color=_one(GRID),
        )
    _darken_all(figure)


def _darken_all(artist: Artist) -> None:
    """Map the colours of an artist and of what it is made of; ticks are made when it is drawn."""
    if isinstance(artist, Tick):
        return
    if isinstance(artist, Text):
        _darken_text(artist)
    elif isinstance(artist, Line2D):
        artist.set(
            color=_one(artist.get_color()),
            markerfacecolor=_one(artist.get_markerfacecolor()),
            markeredgecolor=_one(artist.get_markeredgecolor()),
        )
    elif isinstance(artist, Patch):
        _darken_patch(artist)
    elif isinstance(artist, QuadMesh):
        artist.set_cmap(_dark_map(artist.get_cmap()))
    elif isinstance(artist, Collection):
        faces, edges = artist.get_facecolor(), artist.get_edgecolor()
        artist.set(facecolor=on_dark(faces), edgecolor=on_dark(edges) if len(edges) else "none")
    for part in artist.get_children():
        _darken_all(part)


def _darken_text(text: Text) -> None:
    text.set_color(_one(text.get_color()))
    arrow = text.arrow_patch if isinstance(text, Annotation) else None
    for patch in (text.get_bbox_patch(), arrow):
        if patch is not None:
            _darken_patch(patch)


def _darken_patch(patch: Patch) -> None:
    # What has no colour keeps none: set as one, it would take the patch's alpha.
    face, edge = (
        _one(colour) if np.any(to_rgba_array(colour)[:, 3]) else "none"
        for colour in (patch.get_facecolor(), patch.get_edgecolor())
    )
    patch.set(facecolor=face, edgecolor=edge)


def _dark_map(colours: Colormap) -> ListedColormap:
    return ListedColormap(on_dark(colours(np.linspace(0, 1, colours.N))))


def _one(colour: Any) -> tuple[float, float, float, float]:
    red, green, blue, alpha = on_dark(colour)[0].tolist()
    return red, green, blue, alpha
