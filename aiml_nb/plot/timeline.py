"""The timeline: of a run, or of a sync and a concurrent run on one time axis."""

from __future__ import annotations

import base64
from html import escape
from io import BytesIO
from typing import Any

from matplotlib.figure import Figure

from ..analysis.description import alt_text, describe, panels
from ..records import Comparison, Run
from .card import draw
from .layout import plan
from .style import DPI, WIDTH, own_style

# The words of more calls than this are folded away under the picture.
_MOST_UNFOLDED = 6


class TimelineFigure(Figure):
    """A matplotlib Figure that a notebook shows with its alternative text.

    Parameters
    ----------
    shown
        The run or comparison that is drawn on it.
    """

    def __init__(self, shown: Run | Comparison) -> None:
        super().__init__(dpi=DPI)
        self._shown = shown

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return _bundle(self, self._shown)


def plot_timeline(run_or_comparison: Run | Comparison, *, figure: Figure | None = None) -> Figure:
    """Draw when each call was queued, sent, answered and finished.

    The card is 900 pixels wide at 100 dots per inch. Up to 24 calls have a labelled row each; more
    have thin rows.

    Parameters
    ----------
    run_or_comparison
        A run; or a comparison, whose sync run is drawn above its concurrent run on the same time
        axis: those of the pair with the median speed-up.
    figure
        Drawn on, after it is cleared and its size set; a new one if None.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, which pyplot does not know.

    Raises
    ------
    TypeError
        If what is given is neither a run nor a comparison.
    """
    if not isinstance(run_or_comparison, Run | Comparison):
        given = type(run_or_comparison).__name__
        raise TypeError(f"plot_timeline() draws a Run or a Comparison, not {given!r}.")
    with own_style():
        card = TimelineFigure(run_or_comparison) if figure is None else figure
        card.clear()
        draw(card, plan(run_or_comparison))
    return card


def display_bundle(run_or_comparison: Run | Comparison) -> dict[str, Any]:
    """Return what a notebook needs to show a run or a comparison.

    Parameters
    ----------
    run_or_comparison
        What is shown.

    Returns
    -------
    dict
        ``image/png`` (base64), ``text/html`` (the same picture with its alternative text, which
        JupyterLab drops of a bare PNG, and the calls in words) and ``text/plain``.
    """
    return _bundle(plot_timeline(run_or_comparison), run_or_comparison)


def draw_png(run_or_comparison: Run | Comparison) -> bytes:
    """Return the timeline as the bytes of a PNG file, 900 pixels wide."""
    return _png(plot_timeline(run_or_comparison))


def _bundle(figure: Figure, shown: Run | Comparison) -> dict[str, Any]:
    image = base64.b64encode(_png(figure)).decode("ascii")
    words = describe(shown)
    unfolded = max(len(run.calls) for _, run in panels(shown)) <= _MOST_UNFOLDED
    html = (
        f'<img alt="{escape(alt_text(shown))}" width="{WIDTH}" '
        f'style="max-width: 100%; height: auto" src="data:image/png;base64,{image}">\n'
        f"<details{' open' if unfolded else ''}><summary>The calls in words</summary>"
        f"<pre>{escape(words)}</pre></details>"
    )
    return {"image/png": image, "text/html": html, "text/plain": words}


def _png(figure: Figure) -> bytes:
    with own_style(), BytesIO() as file:
        figure.savefig(file, format="png", dpi=DPI)
        return file.getvalue()
