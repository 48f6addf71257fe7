"""The timeline: of a run, or of a sync and a concurrent run on one time axis."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any, TypeAlias

from matplotlib.figure import Figure

from ..analysis.subject import Shown, Subject
from ..formats.saved import read_saved
from ..records import Comparison, Grid, Run
from ..report.findings import caveat, finding
from ..report.subjects import layout_of
from .bundle import make_bundle, small_png
from .detail_layout import plan_detail
from .detail_view import DetailView
from .limit import limit_below
from .loop_lane import loop_lanes
from .page import Block, Page, draw_page
from .repeats import plan_repeats
from .row_layout import key_of, plan_rows, plan_strategies
from .rows import Rows
from .strips import Limits
from .style import own_style
from .text import drawable
from .theme import darken
from .view import Detail, Theme, View, Width
from .worker_strip import worker_strips

Plottable: TypeAlias = Shown | Iterable[Run] | Mapping[Any, Run] | str | os.PathLike[str]

_MAX_RUNS = 8


class TimelineFigure(Figure):
    """A matplotlib Figure that a notebook shows with its alternative text.

    Parameters
    ----------
    subject, view
        What is drawn on it, and how it was asked for.
    """

    def __init__(self, subject: Subject, view: View) -> None:
        super().__init__(dpi=view.dpi)
        self._subject, self._view = subject, view

    def draw(self, renderer: Any) -> None:
        """Do as `matplotlib.figure.Figure.draw`, with letters as wide as they were planned."""
        with own_style():
            super().draw(renderer)

    def savefig(self, fname: Any, **settings: Any) -> None:
        """Do as `matplotlib.figure.Figure.savefig`, whatever the notebook has set."""
        with own_style():
            super().savefig(fname, **settings)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return _bundle(self, self._subject, self._view)


def plot_timeline(
    shown: Plottable,
    *,
    figure: Figure | None = None,
    width: Width = None,
    theme: Theme = "auto",
    detail: Detail = "full",
) -> Figure:
    """Draw when each call was queued, sent, answered and finished.

    Up to 24 calls have a labelled row each. Of
    more, each slot of the limit has a row; of very many, durations are drawn over time. Repeated
    comparisons begin with the speed-up of each pair and their interval. What was made within a
    function is drawn in its bar: calls and steps, two levels deep.

    Parameters
    ----------
    shown
        A run; a comparison, whose sync run is drawn above its concurrent run, those of the pair
        with the median speed-up; up to 8 runs, below each other on one time axis (two that
        were watched, with the same calls in turn and at once, as a comparison), under the names
        that the keys of a dictionary give them; a grid, each variant in a panel; or the path of
        what was saved of them (`formats.saved.read_saved`).
    figure
        Drawn on, after it is cleared and its size set; a new one if None.
    width
        How many pixels the picture is wide, from 480 to 4,000; its type grows with it, to 16 pixels
        and more from 1,440 on. None is 900, in a notebook in a wide window (1,600 pixels) the whole
        width of the output area; ``"full"`` is that in any window.
    theme
        ``"light"`` or ``"dark"``; ``"auto"`` is light, and in a notebook follows its theme.
    detail
        ``"simple"`` shows bars, order and times alone: no lower bound, no efficiency, no strips and
        no measures of the order.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, which pyplot does not know.

    Raises
    ------
    OSError, ValueError
        If a file cannot be read, if there are no runs or more than 8, or if an option is none of
        those.
    TypeError
        If it is something else.
    """
    view = View(width=width, theme=theme, detail=detail)
    return _plot(_subject_of(shown), view, figure=figure)


def _plot(subject: Subject, view: View, *, figure: Figure | None = None) -> Figure:
    with own_style():
        drawn = TimelineFigure(subject, view) if figure is None else figure
        drawn.clear()
        drawn.set_dpi(view.dpi if view.width is not None else drawn.dpi)
        draw_page(drawn, _compose(subject, view))
        if view.is_dark:
            darken(drawn)
    return drawn


def display_bundle(
    shown: Plottable, *, width: Width = None, theme: Theme = "auto", detail: Detail = "full"
) -> dict[str, Any]:
    """Return what a notebook needs to show a run or a comparison.

    Parameters
    ----------
    shown
        What is shown.
    width, theme, detail
        As for `plot_timeline`.

    Returns
    -------
    dict
        ``image/png`` (base64), ``text/html`` (the same picture with its alternative text, which
        JupyterLab drops of a bare PNG, and the calls in words) and ``text/plain``.
    """
    subject, view = _subject_of(shown), View(width=width, theme=theme, detail=detail)
    return _bundle(_plot(subject, view), subject, view)


def draw_png(
    shown: Plottable, *, width: Width = None, theme: Theme = "auto", detail: Detail = "full"
) -> bytes:
    """Return the timeline as the bytes of a PNG file; options as for `plot_timeline`."""
    figure = plot_timeline(shown, width=width, theme=theme, detail=detail)
    with BytesIO() as file:
        figure.savefig(file, format="png", dpi="figure")
        return file.getvalue()


def _subject_of(given: Plottable) -> Subject:
    if isinstance(given, str | os.PathLike):
        given = read_saved(given)
    if isinstance(given, Run | Comparison | Subject | Grid):
        return Subject.of(given)
    runs: Any = list(given) if isinstance(given, Iterable) else [given]
    if isinstance(given, Mapping):
        runs = list(given.values())
    wrong = [type(run).__name__ for run in runs if not isinstance(run, Run)]
    if wrong:
        raise TypeError(
            "plot_timeline() draws a Run, a Comparison, a list of Runs or a saved file, a Grid or "
            "a dictionary of Runs with their names; "
            f"not {wrong[0]!r}."
        )
    if not 1 <= len(runs) <= _MAX_RUNS:
        raise ValueError(
            f"plot_timeline() draws from 1 to {_MAX_RUNS} runs below each other; not {len(runs)}. "
            "aiml_nb.compare_strategies() puts any number of them in a table."
        )
    return Subject.of(given if isinstance(given, Mapping) else runs)


def _bundle(figure: Figure, subject: Subject, view: View) -> dict[str, Any]:
    width = round(view.page_width * view.zoom)
    with BytesIO() as file:
        figure.savefig(file, format="rgba", dpi=2 * figure.dpi)
        pixels = file.getvalue()
    return make_bundle(small_png(pixels, width=2 * width), subject, view, width=width)


def _compose(subject: Subject, view: View) -> Page:
    """Compose the page for a run, a comparison or several runs."""
    body = _body(subject, view)
    blocks: list[Block] = [*_repeats(subject, view), body]
    key = ""
    if isinstance(body, Rows):
        key = key_of(body)
        if not view.is_simple:
            blocks += loop_lanes(subject.shown, body.axis)
            if limit_below(subject) is not None:
                blocks.append(Limits(run=subject.run, axis=body.axis))
    elif isinstance(body, DetailView) and not view.is_simple:
        blocks += worker_strips(body)
    said = [caveat(subject, simple=view.is_simple), key]
    return Page(
        width=view.page_width,
        finding=drawable(finding(subject), others=()),
        caveat=drawable(" ".join(filter(None, said)), others=()),
        blocks=blocks,
    )


def _repeats(subject: Subject, view: View) -> list[Block]:
    if subject.comparison is None:
        return []
    repeats = plan_repeats(subject.comparison, width=view.page_width)
    return [] if repeats is None else [repeats]


def _body(subject: Subject, view: View) -> Block:
    layout = layout_of(subject)
    if layout == "strategies":
        return plan_strategies(subject, view)
    if layout == "rows":
        return plan_rows(subject, view)
    return plan_detail(subject, view, in_lanes=layout == "lanes")
