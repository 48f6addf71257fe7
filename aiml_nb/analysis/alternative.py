"""The alternative text of the picture: what it shows, for those who cannot see it."""

from __future__ import annotations

import numpy as np

from ..records import Comparison, Run
from .bounds import lower_bound, mean_in_flight, origin_of, peak_in_flight
from .columns import Columns, known
from .counts import count_answered, count_cut, unanswered
from .description import by_finish
from .notes import margin_notes
from .pairs import interval, pair_ratios
from .panels import layout_of, panels
from .pauses import pauses, refusals
from .sentences import caveat, finding
from .subject import Shown, Subject
from .wording import (
    at_a_time,
    concurrent_name,
    counted,
    is_concurrent,
    joined,
    losses,
    outcome_in_words,
    seconds,
    times,
)

# More calls than this are counted, not named.
MOST_NAMED = 6


def alt_text(shown: Shown) -> str:
    """Say what the timeline picture shows, for those who cannot see it."""
    subject = Subject.of(shown)
    said = [f"Timeline. {finding(subject)}.", caveat(subject)]
    if subject.comparison is not None:
        said.append(_repeats_in_words(subject.comparison))
    layout = layout_of(subject)
    if layout in ("rows", "strategies"):
        said += [
            f"{title}, {counted(len(run.calls), 'bar')}: {_panel_in_words(run)}"
            for title, run in panels(subject)
            if run.calls
        ]
    else:
        said += _zoom_in_words(subject, in_lanes=layout == "lanes")
    rested = sum(len(pauses(run).spans) for run in subject.shown)
    if rested:
        said.append(f"Hatched bands mark {counted(rested, 'pause')} after a 429.")
    if layout != "strategies":
        said.append(_limit_in_words(subject.run))
    return " ".join(part for part in said if part)


def _panel_in_words(run: Run) -> str:
    bound = lower_bound(run)
    if bound is None:
        return "no call finished."
    said = f"finished at {seconds(run.makespan)}."
    if len(run.calls) > 1:
        said = f"{at_a_time(run)}, the last finished at {seconds(run.makespan)}."
    if 1 < len(run.calls) <= MOST_NAMED:
        said += f" They finished in this order: {joined(_finishes(run))}."
    if is_concurrent(run):
        said += f" A dashed line marks the lower bound, {seconds(bound)}."
    return said


def _finishes(run: Run) -> list[str]:
    origin = origin_of(run)
    return [
        f"“{label}” at {seconds(call.finished - origin)}"
        + ("" if call.outcome == "ok" else f" ({outcome_in_words(call)})")
        for label, call in by_finish(run)
        if call.finished is not None
    ]


def _repeats_in_words(comparison: Comparison) -> str:
    ratios, ends = pair_ratios(comparison), interval(comparison)
    if ends is None:
        return ""
    return (
        f"Dots on a logarithmic axis show the speed-ups of the {len(ratios)} pairs, from "
        f"{times(min(ratios), digits=2)} to {times(max(ratios), digits=2)}, beside a line at 1×; "
        "a band is their interval."
    )


def _zoom_in_words(subject: Subject, *, in_lanes: bool) -> list[str]:
    run, bound = subject.run, lower_bound(subject.run)
    said = []
    if subject.pair is not None:
        lengths = [f"sync {seconds(subject.pair[0].makespan)}"]
        lengths.append(f"{concurrent_name(run)} {seconds(run.makespan)}")
        said.append(f"Two bars on one time axis: {', '.join(lengths)}. Below, the second enlarged.")
    if bound is None:
        return [*said, "No call finished."]
    said.append(_lanes_in_words(run) if in_lanes else _durations_in_words(run))
    lost, word = losses(unanswered(run)), "answered" if count_cut(run) else "ok"
    said.append(
        f"Under it the calls in flight, {mean_in_flight(run):.3g} on average, and the calls done, "
        f"{count_answered(run):,} {word}{f', {lost}' if lost else ''}. Dashed lines mark the lower "
        f"bound, {seconds(bound)}. Beside it the order of completion against that of submission: "
        f"{'; '.join(' '.join(note.split()) for note in margin_notes(subject))}."
    )
    return said


def _lanes_in_words(run: Run) -> str:
    lanes = peak_in_flight(run)
    rows = "a row for each of its slots" if lanes > 1 else "one row, for its one slot"
    return f"{counted(len(run.calls), 'call')} as bars in {counted(lanes, 'lane')}, {rows}."


def _durations_in_words(run: Run) -> str:
    columns = Columns.of(run)
    done = known(columns.duration[columns.answered])
    if not done.size:
        return "No call was answered."
    low, middle, high = map(seconds, np.percentile(done, (5, 50, 95)).tolist())
    return (
        f"The durations of {counted(len(run.calls), 'call')} over time, as a line for the median "
        f"({middle} over all) in a band from the 5th to the 95th percentile ({low} to {high})."
    )


def _limit_in_words(run: Run) -> str:
    limits = [change.limit for change in run.limit_history]
    if len(limits) < 2:
        return ""
    return (
        f"A dotted line shows the limit of attempts in flight, from {limits[0]:,} at first to "
        f"{limits[-1]:,} at last, between {min(limits):,} and {max(limits):,}, with "
        f"{counted(refusals(run), 'mark')} for answers of status 429."
    )
