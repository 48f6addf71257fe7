"""Sentences about one run that its times alone do not tell; each is empty if there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

import numpy as np

from ..analysis.arrays import Columns, known
from ..analysis.counts import backoff_time, count_answered, sum_of
from ..analysis.diagnosis import TOLERANCE, diagnose
from ..analysis.kinds import is_watched
from ..analysis.order import submission_order, total_overtakes
from ..analysis.pauses import pauses
from ..analysis.usage import (
    characters_per_second,
    count_characters,
    find_length,
    usage_measures_text,
    visible_tokens,
)
from ..messages import Message, argument, join
from ..records import Run
from .wording import format_percent, format_seconds, is_concurrent, pluralize

# A 20 ms sleep that wakes up later than the first shows a client too busy to take answers in
# time; so does one later than this share of the time to the first token, unless it is later by less
# than it sleeps, which happens on any busy machine.
LAG_LIMIT = 0.05
_LAG_SHARE = 0.1
_LAG_NOISE = 0.02
# Lateness below this share of the makespan is not worth a sentence.
_LAG_PART = 0.02
# A makespan within this share of its longest call is set by that call.
SET_BY_SLOWEST = 0.05
_ADAPTIVE = Message('strategy="adaptive"', "--strategy adaptive")
# Back-off is spoken of from this share of the durations on.
_BACKOFF_SHARE = 0.1


def caveat_order(run: Run, whose: str) -> str:
    """Say in which order the calls of a concurrent run finished.

    Parameters
    ----------
    run
        The run.
    whose
        What its total is called, with a blank: ``"async "``, or empty.
    """
    submitted = len(submission_order(run))
    if submitted < 2 or not is_concurrent(run) or not run.makespan or not count_answered(run):
        return ""
    overtaken, pairs = total_overtakes(run), comb(submitted, 2)
    begun = "begun" if is_watched(run) else "submitted"
    if not overtaken:
        said = f"The calls finished in the order {begun}"
    elif pairs == 1:
        lengths = find_length(run).of(Columns.of(run))
        short = lengths[1] < lengths[0]
        second = f"short answer was {begun} second and" if short else "second call"
        said = f"The {second} finished first"
    else:
        order = "the order begun" if is_watched(run) else "submission order"
        said = f"{overtaken:,} of {pairs:,} pairs finished out of {order}"
    return f"{said}{_set_by_slowest(run, whose)}."


def _set_by_slowest(run: Run, whose: str) -> str:
    if len(run.calls) != 2:
        return ""
    longest = known(Columns.of(run).duration).max(initial=0.0)
    if run.makespan > (1 + SET_BY_SLOWEST) * longest:
        return ""
    return f"; the slowest call sets the {whose}total"


def caveat_idle_slots(run: Run) -> str:
    """Say that slots stood idle, for how long, and what to try."""
    found = diagnose(run)
    if found is None:
        return ""
    took = format_seconds(run.makespan)
    if found.kind == "batches":
        return (
            f"The calls went in {found.batches:,} batches of {found.size:,}, and each batch waited "
            "for its slowest call: on average a slot stood empty for "
            f"{format_seconds(found.lost)} of "
            f"{took}. Let a call start as soon as a slot is free, as gather with a limit does."
        )
    if found.kind == "slow_start":
        return (
            f"It took the program {format_seconds(found.lost)} to begin all the calls, and the "
            "first were "
            f"answered before the last were sent: no more than {found.peak:,} were in flight at "
            "once. A higher limit would change nothing."
        )
    what, advice = {
        "one_at_a_time": (
            f"No two calls were ever in flight at once, though {found.slots:,} might have been",
            "Look for code that blocks, or that awaits each call before the next one starts.",
        ),
        "pauses": (
            "Slots stood empty in the pauses after 429s",
            "Try a smaller " + argument("max_concurrency") + ", or " + _ADAPTIVE + ".",
        ),
        "held": (
            f"Calls were held back for {format_seconds(run.held_time)}, by limits of the run or "
            "because the server was away",
            "More slots would change nothing.",
        ),
        "limit_not_reached": (
            f"Never more than {found.peak:,} of {found.slots:,} slots were in use",
            "Look for another limit, such as a pool of threads or connections.",
        ),
        "idle": (
            "Slots stood empty while calls waited",
            "Look for code that blocks between one call and the next.",
        ),
    }[found.kind]
    if found.lost <= TOLERANCE * found.upper_bound:
        return f"{what}. " + advice
    return f"{what}: the run took {took}, at least {format_seconds(found.lost)} too long. " + advice


def caveat_notices(run: Run) -> str:
    """Say what befell the run, as it noted it down itself."""
    return join(" ", run.notices)


def caveat_pauses(run: Run) -> str:
    """Say for how long nothing was sent after 429s."""
    found = pauses(run)
    if not found.spans:
        return ""
    return (
        f"Nothing was sent for {format_seconds(found.total)} of {format_seconds(run.makespan)} "
        f"({pluralize(len(found.spans), 'pause')} after a 429), while "
        f"{pluralize(found.calls, 'call')} waited."
    )


def caveat_backoff(run: Run) -> str:
    """Say that much of the time went by between attempts."""
    total, slept = float(np.nansum(Columns.of(run).duration)), backoff_time(run)
    if not total or slept < _BACKOFF_SHARE * total:
        return ""
    return (
        f"{format_percent(min(1.0, slept / total))} of the calls' time was back-off between "
        "attempts."
    )


def caveat_lag(runs: Sequence[Run]) -> str:
    """Say for how much of a run the event loop was too late to tell the model's time from ours.

    Of several runs the one that was late for the largest part is described.
    """
    late = [(part, run) for run in runs if (part := _late(run)) is not None]
    if not late:
        return ""
    part, run = max(late, key=lambda found: found[0])
    worst = f"by {format_seconds(run.loop_lag_max or 0.0)} at worst"
    if not run.loop_lag_total:  # an older file knows the worst moment alone
        return f"The event loop was late, {worst}: the client may have been slow, not the model."
    return (
        f"The event loop was late for {format_seconds(run.loop_lag_total)} of "
        f"{format_seconds(run.makespan)} "
        f"({format_percent(part)}), {worst}: for that part the client may have been the "
        "bottleneck, not "
        "the model."
    )


def _late(run: Run) -> float | None:
    """Return the part of a run in which its loop was late; None if that explains nothing."""
    if not run.loop_lag_max or not run.makespan or run.loop_lag_max <= _most(run):
        return None
    if run.loop_lag_total is None:
        return 0.0
    part = min(1.0, run.loop_lag_total / run.makespan)
    return part if part >= _LAG_PART else None


def _most(run: Run) -> float:
    """Return how late the loop of a run may be, in seconds."""
    columns = Columns.of(run)
    waits = known(columns.first_token - columns.started)
    if not waits.size:
        return LAG_LIMIT
    return min(LAG_LIMIT, max(_LAG_NOISE, _LAG_SHARE * float(np.median(waits))))


def caveat_usage(run: Run) -> str:
    """Say that the server counts something else than tokens of text."""
    if usage_measures_text(run) is not False:
        return ""
    characters = pluralize(count_characters(run), "character")
    said = [f"{visible_tokens(run):,} tokens for {characters}"]
    rate = characters_per_second(run)
    if rate is not None:
        said.append(f"{rate:,.0f} characters/s")
    cost = sum_of(Columns.of(run), "cost")
    if cost is not None:
        said.append(f"${cost:.2g}")
    return f"Usage does not measure text ({', '.join(said)})."
