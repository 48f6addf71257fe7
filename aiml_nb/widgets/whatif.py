"""`WhatIf`: choose another limit, and see how long the run would have taken."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import ipywidgets as widgets

from ..analysis.subject import Subject
from ..plot.style import BARS, GREY, GRID, INK
from ..records import Comparison, Run
from ..report import Forecast, what_if
from ..report.wording import format_seconds
from .cells import register_for_cell
from .fields import NumberField
from .race import Race
from .shown import CellWidget
from .svg import as_image, dot, line, ticks, write

WIDTH, HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 30, 46


class WhatIf(CellWidget):
    """A limit to choose, and the makespan that a run would have had with it.

    Parameters
    ----------
    source
        As in `what_if`; or a `Race`, whose concurrent side it is: that of its newest race, each
        time that one has run to its end.
    most
        The largest limit that can be chosen; None is the number of calls, at most 50.

    Raises
    ------
    ValueError
        If the run has no finished call, or `most` is less than 1.
    """

    def __init__(self, source: Run | Comparison | Race, *, most: int | None = None) -> None:
        self._most = most
        self._forecast: Forecast | None = None
        self._simulated = False
        self._limit = NumberField("Limit", 1, least=1, most=1, width="120px")
        self._answer = widgets.HTML()
        self._picture = widgets.HTML(layout={"width": "100%", "max_width": f"{WIDTH}px"})
        parts = [self._limit.view, self._answer, self._picture]
        super().__init__(widgets.VBox(parts), kind="what-if")
        register_for_cell(self)
        if isinstance(source, Race):
            source.on_end(lambda: self._take_race(source))
            self._take_race(source)
        else:
            self._take(source)
        self._limit.observe(self._show)

    @property
    def limit(self) -> int:
        """The limit that is chosen."""
        return int(self._limit.value)

    @limit.setter
    def limit(self, value: int) -> None:
        forecast = self._known()
        if value not in forecast.limits:
            raise ValueError(f"limit must be from 1 to {forecast.limits[-1]}; not {value!r}.")
        self._limit.value = value

    @property
    def makespan(self) -> float:
        """The predicted makespan with this limit, in seconds."""
        return self._known().makespans[self.limit - 1]

    def __repr__(self) -> str:
        return f"<WhatIf: {self._describe()}>"

    def _take_race(self, race: Race) -> None:
        """Take the concurrent run of a race; of two, that of side B."""
        result = race.result
        try:
            if result is not None:
                self._take(result if isinstance(result, Comparison) else result[-1])
        except ValueError:  # none of its calls was answered
            self._forecast = None
        self._show()

    def _take(self, run_or_comparison: Run | Comparison) -> None:
        subject = Subject.of(run_or_comparison)
        calls = len(subject.run.calls)
        limits = range(1, (min(calls, 50) if self._most is None else self._most) + 1)
        self._forecast = what_if(run_or_comparison, max_concurrency=limits)
        self._simulated = subject.run.simulated
        self._limit.most = limits[-1]
        self._limit.value = min(max(self._forecast.measured_peak, 1), limits[-1])
        self._show()

    def _known(self) -> Forecast:
        if self._forecast is None:
            raise ValueError("No race has run to its end yet. Start it, and look again.")
        return self._forecast

    def _describe(self) -> str:
        forecast = self._forecast
        if forecast is None:
            return "Start the race: once it has run to its end, its own calls are shown here."
        return (
            f"With at most {self.limit:,} in flight this run would take about "
            f"{format_seconds(self.makespan)}. It took "
            f"{format_seconds(forecast.measured_makespan)}, with up to "
            f"{forecast.measured_peak:,} in flight."
        )

    def _show(self) -> None:
        self._limit.view.disabled = self._forecast is None
        style = "margin: 0; line-height: 1.4; font-size: 16px"
        try:
            said, picture = self._describe(), self._draw() if self._forecast else ""
        except ValueError as error:  # of a field that holds no limit; the picture stays
            self._answer.value = f'<p role="alert" style="{style}">{escape(str(error))}</p>'
            return
        self._answer.value = f'<p role="status" style="{style}">{escape(said)}</p>'
        self._picture.value = picture
        self._static.update()

    def _draw(self) -> str:
        forecast, mark = self._known(), "Simulated." if self._simulated else ""
        words = f"Curve of the predicted makespan for limits from 1 to {forecast.limits[-1]}."
        parts = [
            *_curve(forecast, self.limit),
            write(WIDTH - _RIGHT, 18, mark, size=13, anchor="end", bold=True),
        ]
        alt = f"{words} {self._describe()} {mark}".strip()
        return as_image(parts, width=WIDTH, height=HEIGHT, alt=alt)

    def _static_bundle(self) -> dict[str, Any]:
        """Return all predictions as a table, with the curve, collapsed."""
        if self._forecast is None:
            return {"text/plain": self._describe(), "text/html": ""}
        bundle = self._forecast._repr_mimebundle_()
        folded = "<details><summary>All predictions as a picture and a table, to keep</summary>"
        html = f"{folded}{self._draw()}{bundle['text/html']}</details>"
        return {**bundle, "text/html": html}


def _curve(forecast: Forecast, limit: int) -> Iterator[str]:
    """Draw makespan against limit, with the chosen limit and the knee."""
    most, slowest = forecast.limits[-1], max(forecast.makespans)
    across = (WIDTH - _LEFT - _RIGHT) / most
    up = (HEIGHT - _TOP - _BOTTOM) / slowest
    floor = HEIGHT - _BOTTOM
    points = [(_LEFT + at * across, floor - makespan * up) for at, makespan in _pairs(forecast)]
    for tick in ticks(slowest, most=6):
        y = floor - tick * up
        yield line(_LEFT, y, WIDTH - _RIGHT, y, colour=GRID)
        yield write(_LEFT - 8, y + 4, f"{tick:g}", size=13, anchor="end", colour=GREY)
    for tick in (tick for tick in ticks(most) if tick == int(tick) and tick):
        x = _LEFT + tick * across
        yield write(x, floor + 18, f"{tick:g}", size=13, anchor="middle", colour=GREY)
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    colour = BARS["streaming"].face
    yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    yield write(8, 18, "predicted makespan, seconds", size=13, colour=GREY)
    yield write(WIDTH - _RIGHT, HEIGHT - 8, "limit", size=13, anchor="end", colour=GREY)
    if forecast.knee < most:  # else the curve ends before it has one
        x, y = points[forecast.knee - 1]
        yield line(x, y - 40, x, floor, colour=INK, dashes="6 4")
        yield _beside(x, y - 34, f"knee: {forecast.knee}", size=13)
    x, y = points[limit - 1]
    yield dot(x, y, colour=colour)
    yield _beside(x + 4, y - 10, format_seconds(forecast.makespans[limit - 1]), size=15)


def _beside(x: float, y: float, text: str, *, size: float) -> str:
    """Write beside a point, on the side that has room."""
    if x > 0.8 * WIDTH:
        return write(x - 6, y, text, size=size, anchor="end", bold=True)
    return write(x + 6, y, text, size=size, bold=True)


def _pairs(forecast: Forecast) -> Iterator[tuple[int, float]]:
    return zip(forecast.limits, forecast.makespans, strict=True)
