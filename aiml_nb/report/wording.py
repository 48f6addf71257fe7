"""Numbers in words: the pieces that the sentences and labels are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..analysis.answered import is_answered, is_cut
from ..analysis.bounds import mean_in_flight, peak_in_flight, slots
from ..analysis.counts import count_taken
from ..analysis.kinds import has_functions, is_watched, mean_calls_in_flight
from ..records import Call, Run
from .labels import sanitize

OUTCOME_WORDS = {
    "ok": "ok",
    "incomplete": "incomplete",
    "refused": "refused",
    "error": "failed",
    "timeout": "timed out",
    "cancelled": "cancelled",
    "not_started": "not started",
}

# Below this many seconds, the unit, its seconds, and the decimals. Limits are where rounding ends.
_SCALES = (
    (1e-9, "s", 1, 0),
    (0.00995, "ms", 0.001, 1),
    (0.0995, "ms", 0.001, 0),
    (9.995, "s", 1, 2),
    (99.95, "s", 1, 1),
    (299.5, "s", 1, 0),
)


def format_seconds(time: float, *, beside: float | None = None) -> str:
    """Write a time with about three digits, in the unit that suits it.

    Parameters
    ----------
    time
        Seconds.
    beside
        Seconds: the longest of the times that this one stands in a column with. It then has the
        unit and the decimals of that one.
    """
    longest = time if beside is None else beside
    if longest >= 7200:
        return f"{time / 3600:.1f} h"
    for limit, unit, divisor, digits in _SCALES:
        if longest < limit:
            return f"{max(0.0, time) / divisor:.{digits}f} {unit}"
    return f"{time / 60:.1f} min"


def format_ratio(ratio: float, *, digits: int = 1) -> str:
    """Write how many times: ``1.3×``.

    Parameters
    ----------
    ratio
        Any positive number.
    digits
        Decimals; numbers from 100 have none.
    """
    return f"{ratio:.{0 if ratio >= 99.95 else digits}f}×"


def format_percent(part: float) -> str:
    """Write a share as a percentage with about two digits: ``48%``, ``4.8%``, ``0.25%``."""
    percent = 100 * part
    if 0 < percent < 0.01:
        return "<0.01%"
    return f"{percent:.0f}%" if percent >= 9.95 or not percent else f"{percent:.2g}%"


def pace(ratio: float | None, *, digits: int = 1) -> str:
    """Say how a run compares: ``1.3× faster``, ``1.1× slower`` or ``about as fast``.

    Parameters
    ----------
    ratio
        The time of the other run over the time of this one; None if it is not known.
    digits
        Decimals.
    """
    if ratio is None:
        return "too short to compare"
    faster, slower = format_ratio(ratio, digits=digits), format_ratio(1 / ratio, digits=digits)
    # As they read: nobody should be told of "1.0× faster".
    if float(faster[:-1]) == 1 or float(slower[:-1]) == 1:
        return "about as fast"
    return f"{faster} faster" if ratio > 1 else f"{slower} slower"


def ordinal(number: int) -> str:
    """Write a rank: ``1st``, ``2nd``, ``11th``."""
    teens = number % 100 in (11, 12, 13)
    return f"{number:,}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def pluralize(number: int, noun: str) -> str:
    """Write a number and its noun: ``1 prompt``, ``10,000 prompts``.

    Parameters
    ----------
    number
        How many.
    noun
        What, in the singular; the plural takes an s.
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def join_and(parts: list[str]) -> str:
    """Join words as in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def losses(calls: Iterable[Call]) -> str:
    """Say what became of the calls without an answer: ``2 failed (429) and 1 not started``.

    Returns
    -------
    str
        Empty if all calls were answered.
    """
    lost = [call for call in calls if not is_answered(call)]
    counts = Counter(map(fate, lost))
    kinds = {word: _error_types(call for call in lost if fate(call) == word) for word in counts}
    parts = [
        f"{count:,} {word}" + (f" ({', '.join(kinds[word][:3])})" if kinds[word] else "")
        for word, count in counts.most_common()
    ]
    return join_and(parts) if parts else ""


def outcome_in_words(call: Call) -> str:
    """Say what became of a call: ``ok``, ``cut by max_tokens``, ``failed (429)``."""
    if is_cut(call):
        return "cut by max_tokens"
    kind = f" ({sanitize(call.error_type)})" if call.error_type else ""
    return f"{fate(call)}{kind}"


def fate(call: Call) -> str:
    """Say in a word or two what became of a call; one that goes on is ``unfinished``."""
    goes_on = call.started is not None and call.finished is None
    if goes_on and call.outcome in ("not_started", "incomplete"):
        return "unfinished"
    return OUTCOME_WORDS[call.outcome]


def _error_types(calls: Iterable[Call]) -> list[str]:
    return sorted({sanitize(call.error_type) for call in calls if call.error_type})


def at_a_time(run: Run) -> str:
    """Say how many calls were in flight: ``all at once``, ``5 at a time``, ``one at a time``.

    Where the limit was learned, it is said too: ``up to 8 at a time, limit 6 at the end``. Where
    more were allowed than there were, it is ``up to 311 at a time``; where nobody set a limit, as
    for code that is watched, ``at most 8 in flight``.
    """
    peak, learned = peak_in_flight(run), learned_limit(run)
    calls = len(run.calls) - count_taken(run)
    if peak <= 1:
        said = "one at a time"
    elif peak >= calls:
        said = "both at once" if calls == 2 else "all at once"
    elif is_watched(run):
        said = f"at most {peak:,} in flight"
    else:
        said = f"{'up to ' if learned or peak < slots(run) else ''}{peak:,} at a time"
    return f"{said}, {learned}" if learned else said


def mean_in_words(run: Run) -> str:
    """Say how much was in flight on average: ``mean 7.3 in flight``."""
    said = f"mean {round(mean_in_flight(run), 2):.3g}"
    if not has_functions(run):
        return f"{said} in flight"
    inner = mean_calls_in_flight(run)
    return f"{said} functions at work, {round(inner, 2):.3g} calls in flight"


def learned_limit(run: Run) -> str:
    """Say which limit a run came to by 429s, or that it looked for one and met none."""
    if is_concurrent(run) and any(change.cause == "429" for change in run.limit_history):
        return f"limit {run.limit_history[-1].limit:,} at the end"
    return "no limit met" if run.strategy == "adaptive" and run.limit_history else ""


def is_concurrent(run: Run) -> bool:
    """Tell whether a run was made to have several calls in flight, whether or not it had.

    Of code that was watched only what it did is known.
    """
    return peak_in_flight(run) > 1 if is_watched(run) else run.strategy != "sequential"


def sync_name(run: Run) -> str:
    """Return what the other side of a comparison with this run is called: ``sync``."""
    return "in turn" if is_watched(run) else "sync"


def concurrent_name(run: Run) -> str:
    """Return what the concurrent side of a comparison is called: ``async`` or ``threads``.

    How code that was watched came to have calls at once is not known: ``at once``.
    """
    if is_watched(run):
        return "at once"
    return "threads" if run.strategy == "threads" else "async"


def side_names(concurrent: Run) -> tuple[str, str]:
    """Return what the two sides of a comparison are called within a sentence, after ``in``."""
    if is_watched(concurrent):
        return "the sequential run", "the overlapping run"
    return "sync", concurrent_name(concurrent)


def noun_of(run: Run) -> str:
    """Return what a run is made of: ``prompt``, or ``item`` of functions, or ``call``.

    Code that is watched may have named steps of its own, with calls beside them: ``part``.
    """
    if not has_functions(run):
        return "call" if is_watched(run) else "prompt"
    return "item" if any(call.api == "function" for call in run.calls) else "part"


def in_both(cut: int) -> str:
    """Say of prompts what they are in both runs of a pair: ``ok``, or ``answered`` if some are cut.

    Parameters
    ----------
    cut
        How many of them max_tokens cut.
    """
    return f"{'answered' if cut else 'ok'} in both"


def prompts_in_words(kept: int, prompts: int, *, noun: str = "prompt") -> str:
    """Name the prompts a time is about: ``both prompts``, ``19 of 20 prompts``."""
    if kept < prompts:
        return f"{kept:,} of {pluralize(prompts, noun)}"
    return {1: f"the {noun}", 2: f"both {noun}s"}.get(prompts, pluralize(prompts, noun))
