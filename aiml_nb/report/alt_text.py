"""The alternative text of the picture: what it shows, for those who cannot see it."""

from __future__ import annotations

import numpy as np

from ..analysis.arrays import Columns, known
from ..analysis.bounds import (
    any_finished,
    lower_bound,
    mean_in_flight,
    origin_of,
    peak_in_flight,
)
from ..analysis.counts import count_answered, count_cut, unanswered
from ..analysis.kinds import has_functions, is_watched, mean_calls_in_flight
from ..analysis.pairs import interval, pair_ratios
from ..analysis.pauses import pauses, refusals
from ..analysis.subject import Shown, Subject
from ..analysis.workers import workers
from ..records import Comparison, Run
from .annotations import margin_notes
from .findings import caveat, finding
from .labels import labels, sanitize
from .loop_delays import tell_loop_delays
from .subjects import layout_of, subjects
from .text_table import by_finish
from .wording import (
    at_a_time,
    concurrent_name,
    format_ratio,
    format_seconds,
    is_concurrent,
    join_and,
    losses,
    noun_of,
    outcome_in_words,
    pluralize,
    sync_name,
)

# More calls than this are counted, not named.
MAX_NAMED = 6


def alt_text(shown: Shown, *, simple: bool = False) -> str:
    """Say what the timeline picture shows, for those who cannot see it.

    Parameters
    ----------
    shown
        What is drawn.
    simple
        True for the picture of bars, order and times alone.
    """
    subject = Subject.of(shown)
    said = [f"Timeline. {finding(subject)}.", caveat(subject, simple=simple)]
    if subject.comparison is not None:
        said.append(_repeats_in_words(subject.comparison))
    layout = layout_of(subject)
    if layout in ("rows", "strategies"):
        said += [
            f"{title}, {pluralize(len(run.calls), 'bar')}: {_panel_in_words(run, simple=simple)}"
            for title, run in subjects(subject)
            if run.calls
        ]
    else:
        said += _detail_in_words(subject, in_lanes=layout == "lanes", simple=simple)
    rested = sum(len(pauses(run).spans) for run in subject.shown)
    if rested:
        said.append(f"Hatched bands mark {pluralize(rested, 'pause')} after a 429.")
    if layout in ("rows", "strategies") and not simple:
        held = [tell_loop_delays(run) for run in subject.shown if run.loop_delays]
        said += [f"A lane under them shows the event loop {each}." for each in held]
    said += [
        _workers_in_words(run, in_bands=layout != "overview")
        for run in subject.shown
        if len(workers(run)) > 1 and not (layout == "overview" and simple)
    ]
    if layout != "strategies" and not simple:
        said.append(_limit_in_words(subject.run))
    return " ".join(part for part in said if part)


def _panel_in_words(run: Run, *, simple: bool) -> str:
    bound = None if simple else lower_bound(run)
    if not any_finished(run):
        return "no call finished."
    said = f"finished at {format_seconds(run.makespan)}."
    if len(run.calls) > 1:
        said = f"{at_a_time(run)}, the last finished at {format_seconds(run.makespan)}."
    if 1 < len(run.calls) <= MAX_NAMED:
        said += f" They finished in this order: {join_and(_finishes(run))}."
    if bound is not None and is_concurrent(run):
        said += f" A dashed line marks the lower bound, {format_seconds(bound)}."
    return said


def _finishes(run: Run) -> list[str]:
    origin, order = origin_of(run), by_finish(run)
    ranked = zip(labels(run, places=order), map(run.calls.__getitem__, order), strict=True)
    return [
        f"“{label}” at {format_seconds(call.finished - origin)}"
        + ("" if call.outcome == "ok" else f" ({outcome_in_words(call)})")
        for label, call in ranked
        if call.finished is not None
    ]


def _repeats_in_words(comparison: Comparison) -> str:
    ratios, ends = pair_ratios(comparison), interval(comparison)
    if ends is None:
        return ""
    return (
        f"Dots on a logarithmic axis show the speed-ups of the {len(ratios)} pairs, from "
        f"{format_ratio(min(ratios), digits=2)} to {format_ratio(max(ratios), digits=2)}, "
        "beside a line at 1×; "
        "a band is their interval."
    )


def _detail_in_words(subject: Subject, *, in_lanes: bool, simple: bool) -> list[str]:
    run, bound = subject.run, lower_bound(subject.run)
    said = []
    if subject.pair is not None:
        lengths = [f"{sync_name(run)} {format_seconds(subject.pair[0].makespan)}"]
        lengths.append(f"{concurrent_name(run)} {format_seconds(run.makespan)}")
        said.append(f"Two bars on one time axis: {', '.join(lengths)}. Below, the second enlarged.")
    if not any_finished(run):
        return [*said, "No call finished."]
    said.append(_lanes_in_words(run) if in_lanes else _durations_in_words(run))
    beside = f"Beside it the order of completion against that of {_begun(run)}"
    if simple:
        return [*said, f"{beside}."]
    lost, word = losses(unanswered(run)), "answered" if count_cut(run) else "ok"
    dashes = (
        "" if bound is None else f"Dashed lines mark the lower bound, {format_seconds(bound)}. "
    )
    said.append(
        f"Under it {_flight_in_words(run)}, and the {_part_of(run)}s done, "
        f"{count_answered(run):,} {word}{f', {lost}' if lost else ''}. {dashes}"
        f"{beside}: {'; '.join(' '.join(note.split()) for note in margin_notes(subject))}."
    )
    return said


def _begun(run: Run) -> str:
    return "beginning" if is_watched(run) else "submission"


def _part_of(run: Run) -> str:
    return noun_of(run) if has_functions(run) else "call"


def _flight_in_words(run: Run) -> str:
    mean = f"{round(mean_in_flight(run), 2):.3g} on average"
    if not has_functions(run):
        return f"the calls in flight, {mean}"
    inner = f"{round(mean_calls_in_flight(run), 2):.3g} on average"
    return f"the functions at work, {mean}, before them the calls in flight, {inner}"


def _lanes_in_words(run: Run) -> str:
    lanes = peak_in_flight(run)
    rows = "a row for each of its slots" if lanes > 1 else "one row, for its one slot"
    if is_watched(run):
        rows = "the calls of each one after the other"
    bars = pluralize(len(run.calls), _part_of(run))
    if len(workers(run)) > 1:
        return f"{bars} as bars, those of a row one after the other."
    return f"{bars} as bars in {pluralize(lanes, 'lane')}, {rows}."


def _durations_in_words(run: Run) -> str:
    columns = Columns.of(run)
    done = known(columns.duration[columns.answered])
    if not done.size:
        return "No call was answered."
    low, middle, high = map(format_seconds, np.percentile(done, (5, 50, 95)).tolist())
    return (
        f"The durations of {pluralize(len(run.calls), 'call')} over time, as a line for the median "
        f"({middle} over all) in a band from the 5th to the 95th percentile ({low} to {high})."
    )


def _workers_in_words(run: Run, *, in_bands: bool) -> str:
    names = [sanitize(name) for name in workers(run)]
    who = f": {join_and(names)}" if len(names) <= MAX_NAMED else ""
    if in_bands:
        return f"The rows are in bands, one for each of {len(names):,} workers{who}."
    return f"A row for each of {len(names):,} workers shows what it had in flight{who}."


def _limit_in_words(run: Run) -> str:
    limits = [change.limit for change in run.limit_history]
    if len(limits) < 2:
        return ""
    return (
        f"A dotted line shows the limit of attempts in flight, from {limits[0]:,} at first to "
        f"{limits[-1]:,} at last, between {min(limits):,} and {max(limits):,}, with "
        f"{pluralize(refusals(run), 'mark')} for answers of status 429."
    )
