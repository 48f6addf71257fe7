"""What is drawn within the bars of calls: the calls and steps of each, two levels deep.

Calls that are deeper are drawn in the second level, in the place of the steps that they are in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise

import numpy as np

from ..analysis.arrays import Columns, FloatArray
from ..analysis.bounds import end_of
from ..analysis.kinds import parents
from ..analysis.lanes import first_free
from ..analysis.workers import Placement
from ..records import Call
from ..report.labels import sanitize
from .kinds import KIND_BARS
from .spans import Spans
from .style import BARS, MARKS

# Steps are named in the picture only where there are so few of them that some can be read.
_MAX_NAMES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """Bars within bars, by state; times are seconds since the run's first submit.

    Parameters
    ----------
    bars
        For each state an array of ``(start, end, place)``.
    backoff
        The same, of the waits between attempts.
    marks
        For each kind of ending an array of ``(end, place)``.
    places
        Per place ``(row, k, of, k_below, of_below)``: the row of the outer bar, and which of how
        many bands it is in; within that of a step, which of how many, or 0 of 0.
    names
        ``(start, end, place, name)`` of the steps; none if there are too many to be read.
    """

    bars: dict[str, FloatArray]
    backoff: FloatArray
    marks: dict[str, FloatArray]
    places: FloatArray
    names: list[tuple[float, float, int, str]]

    @property
    def states(self) -> list[str]:
        """The states that are present."""
        parts = ({"backoff": self.backoff}, self.bars, self.marks)
        return [state for part in parts for state, rows in part.items() if len(rows)]

    @property
    def bands(self) -> int:
        """The most bands that a bar is divided into, those within steps counted."""
        if not len(self.places):
            return 0
        return int(np.max(self.places[:, 2] * np.maximum(self.places[:, 4], 1)))

    @property
    def has_steps(self) -> bool:
        """Whether calls are drawn within steps, or steps are named."""
        return bool(self.names) or bool(np.any(self.places[:, 4] > 0))


def inside(run: Columns, *, placed: Placement, plain: str) -> Inside | None:
    """Return what is drawn within the bars of a run, None if nothing was made within calls.

    Parameters
    ----------
    run
        The run.
    placed
        The rows of its calls.
    plain
        The kind of call that is drawn without a hatch.
    """
    if not parents(run):
        return None
    end, boxes = end_of(run), _Boxes()
    for place, (call, row) in enumerate(zip(run.calls, placed.rows, strict=True)):
        if call.children and call.started is not None and row is not None:
            stop = end if call.finished is None else call.finished
            rows = placed.attempt_rows.get(place)
            for part, span, its_row in _by_row(call, max(call.started, stop), rows or [row]):
                boxes.divide(part, span, (its_row,))
    calls = _with_calls(run, boxes.calls)
    drawn = Spans(calls, rows=range(len(boxes.calls)), plain=plain, times_of=run)
    limits = np.array(boxes.limits, np.float64).reshape(-1, 2) - drawn.origin
    spans = {state: _clipped(each, limits) for state, each in drawn.by_state().items()}
    steps = spans.get("step", np.empty((0, 3)))
    return Inside(
        bars={state: spans[state] for state in (*KIND_BARS, *BARS) if state in spans},
        backoff=spans["backoff"],
        marks={kind: _within(drawn.marks(kind), limits) for kind in MARKS},
        places=np.array(boxes.places, np.float64).reshape(-1, 5),
        names=[] if len(steps) > _MAX_NAMES else list(_names(steps, boxes.calls)),
    )


def _by_row(
    call: Call, stop: float, rows: list[int]
) -> Iterator[tuple[Call, tuple[float, float], int]]:
    """Yield a call, from when to when it is in which row, with what began in it then."""
    start = call.started or 0.0
    if len(rows) == 1:
        yield call, (start, stop), rows[0]
        return
    begins = [start, *(attempt.started for attempt in call.attempts[1:]), stop]
    for i, (begin, end) in enumerate(pairwise(begins)):
        is_last = i + 1 == len(rows)
        children = [
            child
            for child in call.children
            if child.started is not None
            and begin <= child.started
            and (is_last or child.started < end)
        ]
        yield replace(call, children=children), (begin, max(begin, end)), rows[i]


def spans_of(run: Columns, calls: list[Call], *, plain: str) -> dict[str, FloatArray]:
    """Return when calls of a run were in which state, as if each had a row."""
    rows = range(len(calls))
    return Spans(_with_calls(run, calls), rows=rows, plain=plain, times_of=run).by_state()


@dataclass(slots=True)
class _Boxes:
    """The calls to draw, each with its place and the times between which it is drawn."""

    calls: list[Call] = field(default_factory=list)
    limits: list[tuple[float, float]] = field(default_factory=list)
    places: list[tuple[float, ...]] = field(default_factory=list)

    def divide(self, call: Call, limits: tuple[float, float], place: tuple[float, ...]) -> None:
        """Divide the place of a call among its children; those at once go below each other."""
        is_lowest = len(place) > 1
        inner = _lowest(call) if is_lowest else call.children
        children = sorted(_shown(inner, *limits), key=lambda each: each[1])
        bands = first_free([start for _, start, _ in children], [end for *_, end in children])
        for (child, start, end), band in zip(children, bands, strict=True):
            here = (*place, band, max(bands) + 1)
            self.calls.append(child)
            self.limits.append((start, end))
            self.places.append((*here, 0, 0)[:5])
            if not is_lowest:
                self.divide(child, (start, end), here)


def _lowest(call: Call) -> Iterator[Call]:
    """Yield what is drawn in a step: in the place of a step within it what is in that."""
    left = call.children[::-1]
    while left:
        child = left.pop()
        if child.children:
            left += reversed(child.children)
        else:
            yield child


def _shown(calls: Iterable[Call], start: float, stop: float) -> Iterator[tuple[Call, float, float]]:
    """Yield those of the calls that can be seen between two stamps, with their own, cut off."""
    for child in calls:
        if child.started is None:
            continue
        end = stop if child.finished is None else max(child.started, child.finished)
        if child.started <= stop and end >= start:
            yield child, max(child.started, start), min(end, stop)


def _with_calls(run: Columns, calls: list[Call]) -> Columns:
    settings = {each.name: getattr(run, each.name) for each in fields(run)}
    return Columns(**settings | {"calls": calls})


def _clipped(spans: FloatArray, limits: FloatArray) -> FloatArray:
    """Cut spans off where their calls may be drawn no more, and leave out what is cut off whole."""
    low, high = limits[spans[:, 2].astype(int)].T
    cut = np.stack([np.clip(spans[:, 0], low, high), np.clip(spans[:, 1], low, high)], axis=1)
    kept = (cut[:, 1] > cut[:, 0]) | (spans[:, 1] <= spans[:, 0])
    return np.column_stack([cut, spans[:, 2]])[kept]


def _within(marks: FloatArray, limits: FloatArray) -> FloatArray:
    low, high = limits[marks[:, 1].astype(int)].T
    kept: FloatArray = marks[(marks[:, 0] >= low) & (marks[:, 0] <= high)]
    return kept


def _names(steps: FloatArray, calls: list[Call]) -> Iterator[tuple[float, float, int, str]]:
    for start, end, place in steps.tolist():
        name = sanitize(calls[int(place)].prompt)
        if name:
            yield start, end, int(place), name
