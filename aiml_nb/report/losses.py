"""Sentences about calls without a whole answer: how many, why, in the server's own words."""

from __future__ import annotations

from collections.abc import Iterable

from ..analysis.counts import count_answered, count_cut, unanswered
from ..analysis.pairs import median_pair, pair_times
from ..records import Call, Comparison, Run
from .error_groups import group_errors
from .labels import sanitize
from .wording import fate, in_both, join_and, losses, pluralize, side_names

# So many different messages are quoted beside a finding, each cut to so many characters.
_MAX_MESSAGES = 3
_MESSAGE_WIDTH = 100


def caveat_losses(run: Run) -> str:
    """Say how many calls of a run have no answer, of which kinds, and what the errors say."""
    lost = losses(unanswered(run))
    return f"{lost[0].upper()}{lost[1:]}.{_quote_errors(unanswered(run))}" if lost else ""


def caveat_cut(run: Run) -> str:
    """Say how many answers of a run were cut by max_tokens."""
    cut, answered = count_cut(run), count_answered(run)
    if not cut:
        return ""
    if cut < answered:
        verb = "was" if cut == 1 else "were"
        return f"{cut:,} of {answered:,} answers {verb} cut by max_tokens."
    return f"{_all_answers(cut)} cut by max_tokens."


def caveat_unlike(comparison: Comparison) -> str:
    """Say which calls of a comparison have no answer, and over which prompts it is made then."""
    sides = {
        side: [call for run in runs for call in unanswered(run)]
        for side, runs in _sides(comparison).items()
    }
    lost = [f"{said} in {side}" for side, calls in sides.items() if (said := losses(calls))]
    errors = _quote_errors(call for calls in sides.values() for call in calls)
    compared = pair_times(*median_pair(comparison))
    if not lost or not compared.kept:
        return f"{', '.join(lost)}.{errors}" if lost else ""
    said = f"Not like for like: {', '.join(lost)}"
    if compared.kept == compared.prompts:
        return f"{said}.{errors}"
    if len(comparison.pairs) > 1:
        return f"{said}; each pair is compared over the prompts {in_both(compared.cut)}.{errors}"
    which = f"{pluralize(compared.kept, 'prompt')} {in_both(compared.cut)}"
    return f"{said}; compared over the {which}.{errors}"


def caveat_cut_sides(comparison: Comparison) -> str:
    """Say how many answers of each side of a comparison were cut by max_tokens."""
    counts = {
        side: (sum(map(count_cut, runs)), sum(map(count_answered, runs)))
        for side, runs in _sides(comparison).items()
    }
    if not any(cut for cut, _ in counts.values()):
        return ""
    if all(cut == answered for cut, answered in counts.values()):
        return f"{_all_answers(sum(cut for cut, _ in counts.values()))} cut by max_tokens."
    said = [f"{cut:,} of {answered:,} in {side}" for side, (cut, answered) in counts.items()]
    return f"Answers cut by max_tokens: {join_and(said)}."


def _all_answers(number: int) -> str:
    return "The answer was" if number == 1 else f"All {number:,} answers were"


def _sides(comparison: Comparison) -> dict[str, tuple[Run, ...]]:
    """Return the runs of each side, by its name, over all pairs."""
    names = side_names(comparison.pairs[0][1])
    return dict(zip(names, zip(*comparison.pairs, strict=True), strict=True))


def _quote_errors(calls: Iterable[Call]) -> str:
    """Quote each different message of the calls without an answer, with a blank before it."""
    # Of one that is unfinished its error says just that.
    groups = group_errors(call for call in calls if fate(call) not in ("not started", "unfinished"))
    if not groups:
        return ""
    quoted = [
        f"“{sanitize(group.message, width=_MESSAGE_WIDTH)}”"
        + (f" ({group.calls:,} times)" if len(groups) > 1 and group.calls > 1 else "")
        for group in groups[:_MAX_MESSAGES]
    ]
    more = len(groups) - _MAX_MESSAGES
    quoted += [pluralize(more, "more message")] if more > 0 else []
    return f" In words: {join_and(quoted)}."
