"""Sentences on runs that were asked for different things: which answered faster, and how sure."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from statistics import fmean

from ..analysis.arrays import Columns
from ..analysis.asked import differing
from ..analysis.effects import Effect, effects
from ..analysis.pairs import differences, length_ratio
from ..analysis.usage import find_length
from ..records import Run
from .subjects import run_names
from .wording import format_ratio, pace, pluralize

# The answers of two runs may differ by this share in length before it is said.
LENGTH_LIMIT = 0.1


def are_varied(runs: Sequence[Run]) -> bool:
    """Tell whether runs can be compared, but were asked for different things."""
    return len(runs) > 1 and any(differing(runs)) and not differences(runs)


def varied_finding(runs: Sequence[Run]) -> str:
    """Say which models, temperatures or endpoints answered faster; empty if none can be compared.

    What makes a clear difference is said first.
    """
    found = sorted(effects(runs, run_names(runs)), key=lambda effect: not effect.is_clear)
    said = "; ".join(map(_compared, found))
    return f"N{said[1:]}" if said.startswith("no clear") else said  # a model's name stays as it is


def varied_caveat(runs: Sequence[Run]) -> str:
    """Say over what such runs are compared, and whose answers were longer."""
    found = effects(runs, run_names(runs))
    if not found:
        return "1 run each, so no error bar."
    kept = found[0].prompts
    total = len({index for run in runs for index in Columns.of(run).values("index")})
    which = f"{kept:,} of {pluralize(total, 'prompt')}, those answered in all"
    if kept == total:
        which = "the one prompt" if total == 1 else f"all {total:,} prompts"
    lengths = filter(None, (_lengths(runs, effect) for effect in found))
    return " ".join([f"Compared by the times of calls, over {which}.", *lengths])


def _compared(effect: Effect) -> str:
    two, how_sure = f"{effect.faster} and {effect.slower}", _how_sure(effect)
    if not effect.is_clear and effect.interval is not None:
        among = f"{effect.groups:,} of them" if effect.groups > 2 and not effect.factor else two
        what = effect.factor or f"between {among}"
        if effect.factor:
            return f"{what} made no clear difference{how_sure}"
        return f"no clear difference {what}{how_sure}"
    verdict = pace(effect.ratio)
    if verdict == "about as fast":
        return f"{effect.faster} was about as fast as {effect.slower}{how_sure}"
    if effect.groups > 2:
        first = f"{effect.faster} was the fastest of {effect.groups:,}"
        return f"{first}, {verdict} than {effect.slower}{how_sure}"
    return f"{effect.faster} was {verdict} than {effect.slower}{how_sure}"


def _how_sure(effect: Effect) -> str:
    prompts = pluralize(effect.prompts, "prompt")
    if effect.interval is None:
        return f" ({prompts}, so no interval)"
    low, high = map(format_ratio, effect.interval)
    if low == high or effect.interval[0] < 1.1:
        low, high = (format_ratio(end, digits=2) for end in effect.interval)
    ratio = "" if effect.is_clear else f"{format_ratio(effect.ratio, digits=2)}, "
    return f" ({ratio}95% interval {low} to {high}, {prompts})"


def _lengths(runs: Sequence[Run], effect: Effect) -> str:
    """Say whose answers were longer, over the runs that are alike in all else."""
    pairs = [
        (runs[slow], runs[fast])
        for slow, fast in zip(effect.slow_runs, effect.fast_runs, strict=True)
    ]
    ratios = [ratio for pair in pairs if (ratio := length_ratio(*pair))]
    ratio = exp(fmean(map(log, ratios))) if ratios else 1.0
    if round(abs(ratio - 1), 9) <= LENGTH_LIMIT:
        return ""
    how = "longer" if ratio > 1 else "shorter"
    unit = " in tokens" if find_length(*pairs[0]).unit == "tokens" else ""
    whose = f"{effect.faster} were {abs(ratio - 1):.0%} {how} than those of {effect.slower}"
    return f"The answers of {whose}{unit}."
