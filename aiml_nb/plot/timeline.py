"""The timeline: of a run, or of a sync and a concurrent run on one time axis."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping
from html import escape
from io import BytesIO
from typing import Any, TypeAlias

from matplotlib.figure import Figure

from ..analysis.subject import Shown, Subject
from ..formats.saved import read_saved
from ..records import Comparison, Grid, Run
from ..report.alt_text import alt_text
from ..report.findings import caveat, finding
from ..report.next_step import next_step
from ..report.subjects import layout_of
from ..report.text_table import describe
from .detail_view import plan_detail
from .loop_lane import loop_lanes
from .page import Block, Page, draw_page
from .repeats import plan_repeats
from .row_layout import key_of, plan_rows, plan_strategies
from .rows import Rows
from .strips import Limits, limit_of
from .style import DPI, WIDTH, own_style
from .text import drawable

Plottable: TypeAlias = Shown | Iterable[Run] | Mapping[Any, Run] | str | os.PathLike[str]

_MAX_RUNS = 8

# The words of more calls than this are folded away under the picture.
_MAX_UNFOLDED = 6


class TimelineFigure(Figure):
    """A matplotlib Figure that a notebook shows with its alternative text.

    Parameters
    ----------
    subject
        What is drawn on it.
    """

    def __init__(self, subject: Subject) -> None:
        super().__init__(dpi=DPI)
        self._subject = subject

    def savefig(self, fname: Any, **settings: Any) -> None:
        """Do as `matplotlib.figure.Figure.savefig`; the page stays white in a dark notebook."""
        with own_style():
            super().savefig(fname, **settings)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return _bundle(self, self._subject)


def plot_timeline(shown: Plottable, *, figure: Figure | None = None) -> Figure:
    """Draw when each call was queued, sent, answered and finished.

    The picture is 900 pixels wide at 100 dots per inch. Up to 24 calls have a labelled row each. Of
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

    Returns
    -------
    matplotlib.figure.Figure
        The figure, which pyplot does not know.

    Raises
    ------
    OSError, ValueError
        If a file cannot be read, or if there are no runs or more than 8.
    TypeError
        If it is something else.
    """
    subject = _subject_of(shown)
    with own_style():
        drawn = TimelineFigure(subject) if figure is None else figure
        drawn.clear()
        draw_page(drawn, _compose(subject))
    return drawn


def display_bundle(shown: Plottable) -> dict[str, Any]:
    """Return what a notebook needs to show a run or a comparison.

    Parameters
    ----------
    shown
        What is shown.

    Returns
    -------
    dict
        ``image/png`` (base64), ``text/html`` (the same picture with its alternative text, which
        JupyterLab drops of a bare PNG, and the calls in words) and ``text/plain``.
    """
    subject = _subject_of(shown)
    return _bundle(plot_timeline(subject), subject)


def draw_png(shown: Plottable) -> bytes:
    """Return the timeline as the bytes of a PNG file, 900 pixels wide."""
    return _png(plot_timeline(shown))


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


def _bundle(figure: Figure, subject: Subject) -> dict[str, Any]:
    image = base64.b64encode(_png(figure)).decode("ascii")
    words = describe(subject)
    few = max(len(run.calls) for run in subject.shown) <= _MAX_UNFOLDED
    unfolded = few or subject.are_several
    html = (
        f'<img alt="{escape(alt_text(subject))}" width="{WIDTH}" '
        f'style="max-width: 100%; height: auto" src="data:image/png;base64,{image}">\n'
        f"<details{' open' if unfolded else ''}><summary>The calls in words</summary>"
        f'<pre style="word-break: normal">{escape(words)}</pre></details>'
    )
    if step := next_step(subject):
        html += f'\n<pre style="word-break: normal">{escape(step)}</pre>'
        words += f"\n\n{step}"
    return {"image/png": image, "text/html": html, "text/plain": words}


def _png(figure: Figure) -> bytes:
    # The style again: matplotlib reads some settings only when it draws.
    with own_style(), BytesIO() as file:
        figure.savefig(file, format="png", dpi=DPI)
        return file.getvalue()


def _compose(subject: Subject) -> Page:
    """Compose the page for a run, a comparison or several runs."""
    blocks: list[Block] = []
    if subject.comparison is not None and (repeats := plan_repeats(subject.comparison)):
        blocks.append(repeats)
    body = _body(subject)
    blocks.append(body)
    key = ""
    if isinstance(body, Rows):
        key = key_of(body)
        blocks += [*loop_lanes(subject.shown, body.axis), *_limits(subject, body)]
    return Page(
        finding=drawable(finding(subject), others=()),
        caveat=drawable(" ".join(filter(None, [caveat(subject), key])), others=()),
        blocks=blocks,
    )


def _body(subject: Subject) -> Block:
    layout = layout_of(subject)
    if layout == "strategies":
        return plan_strategies(subject)
    if layout == "rows":
        return plan_rows(subject)
    return plan_detail(subject, in_lanes=layout == "lanes")


def _limits(subject: Subject, rows: Rows) -> list[Block]:
    """Return the limit over time, if one run is shown whose limit changed."""
    limit = None if subject.are_several else limit_of(subject.run)
    if limit is None or not limit.changed:
        return []
    return [Limits(run=subject.run, axis=rows.axis)]
