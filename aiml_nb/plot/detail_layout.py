"""The layouts "lanes" and "overview": what goes where, before anything is drawn."""

from __future__ import annotations

from math import inf

from ..analysis.bounds import lower_bound, peak_in_flight
from ..analysis.kinds import is_watched
from ..analysis.subject import Subject
from ..analysis.workers import worker_lanes, workers
from ..records import Run
from ..report.annotations import margin_notes
from ..report.wording import concurrent_name
from .bands import bands_width, worker_names
from .detail_view import BETWEEN, RIGHT, SIDE, SQUARE, DetailView
from .durations import Durations, plan_durations
from .limit import limit_of
from .pair_bars import PairBars, plan_note
from .row_layout import horizon_of
from .segments import segments
from .strips import LEFT_OF_NUMBERS
from .style import AXIS_SIZE, NOTE_SIZE
from .text import width_of, wrapped
from .view import View

# Pixels left of the enlarged part, at least.
_LEFT = 56


def plan_detail(subject: Subject, view: View, *, in_lanes: bool) -> DetailView:
    """Plan the layout "lanes", or "overview" with durations in place of lanes.

    Parameters
    ----------
    subject
        A run; or a comparison, of which the pair with the median speed-up is drawn.
    view
        How the picture is asked for.
    in_lanes
        False to draw durations over time in place of lanes.
    """
    run, page, horizon = subject.run, view.page_width, horizon_of([subject.run])
    durations = None if in_lanes else plan_durations(run, horizon=horizon)
    left, placed = _left(run, durations, page), worker_lanes(run) if in_lanes else None
    return DetailView(
        run=run,
        drawn=segments(
            run,
            rows=placed,
            shortest_queue=inf,
            plain=subject.plainest,
        ),
        horizon=horizon,
        left=left,
        width=page - RIGHT - SQUARE - BETWEEN - left,
        durations=durations,
        slots=placed.count if placed else 1,
        bands=placed.bands if placed else [],
        band_names=worker_names(run, page),
        bound=None if view.is_simple else lower_bound(run),
        head=plan_note(
            _head(subject, in_lanes=in_lanes), left=left, right=page - RIGHT - SQUARE - SIDE
        ),
        notes=[] if view.is_simple else _notes(subject),
        pair_bars=_pair_bars(subject, left=left, right=page - RIGHT),
        is_simple=view.is_simple,
    )


def _left(run: Run, durations: Durations | None, page: float) -> float:
    """Return where the enlarged part begins, so that all numbers have room left of it."""
    limit = limit_of(run)
    most = max(peak_in_flight(run), len(run.calls), *(limit.limits if limit else []), 1)
    numbers = [f"{most:,}", *(durations.numbers if durations else [])]
    widest = max(width_of(each, size=AXIS_SIZE) for each in numbers)
    return max(_LEFT, LEFT_OF_NUMBERS + widest, SIDE + bands_width([run], page))


def _head(subject: Subject, *, in_lanes: bool) -> str:
    run, slots, watched = subject.run, peak_in_flight(subject.run), is_watched(subject.run)
    name = "overlapping" if watched else concurrent_name(run)
    zoomed = f"zoomed to the {name} run" if subject.pair is not None else ""
    rows = f"each row = one of {slots:,} slots" if in_lanes and slots > 1 else ""
    if rows and watched:
        rows = f"at most {slots:,} in flight: the calls of a row do not overlap"
    elif in_lanes and len(workers(run)) > 1:
        rows = "a band for each worker: the calls of a row do not overlap"
    return "; ".join(filter(None, [zoomed, rows]))


def _notes(subject: Subject) -> list[str]:
    """Return the notes beside the order; those that are too wide take several lines."""
    lines = []
    for note in margin_notes(subject):
        fits = width_of(note, size=NOTE_SIZE) <= SQUARE + RIGHT
        lines += [note] if fits else wrapped(note, width=SQUARE, size=NOTE_SIZE)
    return lines


def _pair_bars(subject: Subject, *, left: float, right: float) -> PairBars | None:
    if subject.pair is None:
        return None
    sync, concurrent = subject.pair
    return PairBars(sync=sync, concurrent=concurrent, left=left, right=right)
