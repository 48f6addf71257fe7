"""Sentences about one run that its times alone do not tell; each is empty if there is nothing."""

from __future__ import annotations

from math import comb
from statistics import median

from ..records import Run
from .diagnosis import TOLERANCE, Diagnosis, diagnose
from .order import total_overtakes
from .usage import characters_per_second, usage_measures_text, visible_tokens
from .wording import counted, is_concurrent, seconds, share

# A 20 ms sleep that wakes up later than the first tells of a client too busy to take answers in
# time; so does one later than this share of the time to the first token, unless it is later by less
# than it sleeps, which happens on any busy machine.
LAG_LIMIT = 0.05
_LAG_SHARE = 0.1
_LAG_NOISE = 0.02
# A makespan within this share of its longest call is set by that call.
SET_BY_SLOWEST = 0.05
# Back-off is spoken of from this share of the durations on.
_BACKOFF_SHARE = 0.1


def remark_order(run: Run, whose: str) -> str:
    """Say in which order the calls of a concurrent run finished.

    Parameters
    ----------
    run
        The run.
    whose
        What its total is called, with a blank: ``"async "``, or empty.
    """
    submitted = [call for call in run.calls if call.submitted is not None]
    answered = any(call.outcome == "ok" for call in run.calls)
    if len(submitted) < 2 or not is_concurrent(run) or not run.makespan or not answered:
        return ""
    overtaken, pairs = total_overtakes(run), comb(len(submitted), 2)
    if not overtaken:
        said = "The calls finished in the order submitted"
    elif pairs == 1:
        short = len(run.calls[1].text) < len(run.calls[0].text)
        second = "short answer was submitted second and" if short else "second call"
        said = f"The {second} finished first"
    else:
        said = f"{overtaken:,} of {pairs:,} pairs finished out of submission order"
    return f"{said}{_set_by_slowest(run, whose)}."


def _set_by_slowest(run: Run, whose: str) -> str:
    longest = max((call.duration or 0.0 for call in run.calls), default=0.0)
    if len(run.calls) != 2 or run.makespan > (1 + SET_BY_SLOWEST) * longest:
        return ""
    return f"; the slowest call sets the {whose}total"


def remark_idle_slots(run: Run) -> str:
    """Say that slots stood idle, and why.

    Parameters
    ----------
    run
        The run.
    """
    found = diagnose(run)
    if found is None:
        return ""
    if found.kind == "one_at_a_time":
        return (
            "No two calls were ever in flight at once: something blocks, or each call is awaited "
            "before the next one starts."
        )
    why = {
        "batches": f" in {found.batches:,} batches of {found.size:,}, each of which waited for its "
        "slowest call",
        "pauses": " while all calls waited after a 429",
        "limit_not_reached": f": at most {found.peak:,} of {found.slots:,} were in use at once",
        "idle": "",
    }[found.kind]
    return f"Slots stood idle{why}{_excess(found)}."


def _excess(found: Diagnosis) -> str:
    if found.makespan <= (1 + TOLERANCE) * found.upper_bound:
        return ""
    took, most = seconds(found.makespan), seconds(found.upper_bound)
    return f"; it took {took}, and with no slot idle it takes {most} at most"


def remark_backoff(run: Run) -> str:
    """Say that much of the time went by between attempts.

    Parameters
    ----------
    run
        The run.
    """
    total = sum(call.duration or 0.0 for call in run.calls)
    slept = sum(call.backoff_time for call in run.calls)
    if not total or slept < _BACKOFF_SHARE * total:
        return ""
    return f"{share(min(1.0, slept / total))} of the calls' time was back-off between attempts."


def remark_lag(runs: list[Run]) -> str:
    """Say that the event loop was too late for the times to be the model's alone.

    Parameters
    ----------
    runs
        The runs; the latest is spoken of.
    """
    late = [run.loop_lag_max for run in runs if run.loop_lag_max and run.loop_lag_max > _most(run)]
    if not late:
        return ""
    said = f"The event loop was up to {seconds(max(late))} late"
    return f"{said}: the client, not the model, was the bottleneck."


def _most(run: Run) -> float:
    """Return how late the loop of a run may be, in seconds."""
    waits = [wait for call in run.calls if (wait := call.time_to_first_token) is not None]
    if not waits:
        return LAG_LIMIT
    return min(LAG_LIMIT, max(_LAG_NOISE, _LAG_SHARE * median(waits)))


def remark_usage(run: Run) -> str:
    """Say that the server counts something else than tokens of text.

    Parameters
    ----------
    run
        The run.
    """
    if usage_measures_text(run) is not False:
        return ""
    characters = sum(len(call.text) for call in run.calls if call.outcome == "ok")
    said = [f"{visible_tokens(run):,} tokens for {counted(characters, 'character')}"]
    rate = characters_per_second(run)
    if rate is not None:
        said.append(f"{rate:,.0f} characters/s")
    costs = [call.cost for call in run.calls if call.cost is not None]
    if costs:
        said.append(f"${sum(costs):.2g}")
    return f"Usage does not measure text ({', '.join(said)})."
