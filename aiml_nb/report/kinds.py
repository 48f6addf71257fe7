"""Sentences about calls of several kinds and models, and about those made within others."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ..analysis.answered import is_answered
from ..analysis.counts import retried
from ..analysis.kinds import (
    inner_calls,
    is_watched,
    kinds,
    models_of,
    parents,
    within,
)
from ..records import STEP, Run
from .labels import sanitize
from .wording import format_seconds, join_and, noun_of, pluralize

# So many models, kinds or steps are named.
_MAX_NAMED = 4


def caveat_kinds(run: Run) -> str:
    """Say that calls of several kinds or models are ranked together."""
    if not is_watched(run) or parents(run):
        return ""
    said = []
    found, models = kinds(run), models_of(run)
    if len(found) > 1:
        said.append(f"{len(found)} kinds ({_counts(found)})")
    if len(models) > 1:
        counts = Counter(call.model for call in run.calls if call.model and is_answered(call))
        said.append(f"{len(models):,} models ({_counts(counts)})")
    return f"Calls of {join_and(said)} are ranked together." if said else ""


def caveat_inner(run: Run) -> str:
    """Say how many calls were made within others, and of which kinds."""
    inner = inner_calls(run)
    if not inner:
        return ""
    what = f"{noun_of(run)}s"
    found = Counter(call.api for call in inner)
    verb = "was" if len(inner) == 1 else "were"
    return f"Within the {what} {pluralize(len(inner), 'call')} {verb} made ({_counts(found)})."


def caveat_steps(run: Run) -> str:
    """Say how long the named steps took."""
    times: dict[str, list[float]] = {}
    for call in parents(run):
        for _, child in [(0, call), *within(call)]:
            if child.api == STEP and child.duration is not None:
                times.setdefault(child.prompt, []).append(child.duration)
    if not times:
        return ""
    named = sorted(times, key=lambda name: -sum(times[name]))[:_MAX_NAMED]
    named.sort(key=list(times).index)
    parts = [
        f"{sanitize(name) or 'one without a name'} {format_seconds(float(np.median(times[name])))}"
        for name in named
    ]
    left = len(times) - len(named)
    parts += [pluralize(left, "other")] if left else []
    return f"Steps, at the median: {', '.join(parts)}."


def caveat_hidden_retries(run: Run) -> str:
    """Say which calls the client of the code that was watched sent again by itself."""
    calls = retried(run) if is_watched(run) else []
    calls = [*calls, *(call for call in inner_calls(run) if len(call.attempts) > 1)]
    if not calls:
        return ""
    again = sum(len(call.attempts) - 1 for call in calls)
    reasons = sorted(
        {
            sanitize(attempt.error_type)
            for call in calls
            for attempt in call.attempts[:-1]
            if attempt.error_type
        }
    )
    why = f" (after {', '.join(reasons[:3])})" if reasons else ""
    times = "once" if again == 1 else f"{again:,} times"
    whose = pluralize(len(calls), "call")
    return f"The client itself sent {whose} again, {times} in all{why}: its code sees none of that."


def _counts(found: Counter[str]) -> str:
    named = [f"{count:,} {sanitize(name)}" for name, count in found.most_common(_MAX_NAMED)]
    left = len(found) - len(named)
    return ", ".join([*named, *([f"{left:,} more"] if left else [])])
