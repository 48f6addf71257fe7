"""What came out of several runs side by side, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..analysis.arrays import Columns
from ..analysis.pairs import differences, is_timed
from ..records import Run
from .caveats import caveat_lag
from .losses import caveat_cut, caveat_losses
from .subjects import run_names
from .varied import are_varied, varied_caveat, varied_finding
from .wording import format_seconds, join_and, pace, pluralize


def count_timed(run: Run) -> int:
    """Return how many calls of a run were answered, and when."""
    return int(np.count_nonzero(is_timed(Columns.of(run))))


def several_finding(runs: Sequence[Run]) -> str:
    """Say which of several runs was the fastest, or why they cannot be ranked."""
    unlike = differences(runs)
    if unlike:
        return f"{pluralize(len(runs), 'run')} that cannot be ranked: {join_and(unlike)}"
    if are_varied(runs) and (said := varied_finding(runs)):
        return said
    answered = [count_timed(run) for run in runs]
    # A run whose calls failed ended early: it is not the fastest for that.
    ranked = sorted(
        (run.makespan, name)
        for run, name, ok in zip(runs, run_names(runs), answered, strict=True)
        if ok == max(answered)
    )
    if not max(answered):
        return f"None of {pluralize(len(runs), 'run')} answered a prompt"
    (best, first), (worst, last) = ranked[0], ranked[-1]
    if len(ranked) == 1:
        return (
            f"{first} alone answered {pluralize(max(answered), 'prompt')}: {format_seconds(best)}"
        )
    if worst <= best or (best and pace(worst / best) == "about as fast"):
        both = dict.fromkeys(
            [format_seconds(best), format_seconds(worst)]
        )  # once if they read the same
        return f"{pluralize(len(ranked), 'run')} took about as long: {' to '.join(both)}"
    said = f"{first} was the fastest of {pluralize(len(runs), 'run')}: {format_seconds(best)}"
    return f"{said}; {last} took {format_seconds(worst)}"


def several_caveat(
    runs: Sequence[Run],
    *,
    caveats: Sequence[Callable[[Run], str]],
    once: Sequence[Callable[[Run], str]],
) -> str:
    """Say what to bear in mind with several runs.

    Parameters
    ----------
    runs
        The runs.
    caveats
        What is to be said of each.
    once
        Those of them that are said once where they are the same of all.
    """
    said = ["Simulated."] if any(run.simulated for run in runs) else []
    said += [varied_caveat(runs) if are_varied(runs) else "1 run each, so no error bar."]
    alike = [caveat_of for caveat_of in once if len(set(map(caveat_of, runs))) == 1]
    said += [caveat_of(runs[0]) for caveat_of in alike]
    for name, run in zip(run_names(runs), runs, strict=True):
        own = (caveat_of(run) for caveat_of in caveats if caveat_of not in alike)
        found = [caveat_losses(run), caveat_cut(run), *own]
        said += [f"{name}: {part[0].lower()}{part[1:]}" for part in found if part]
    return " ".join([*filter(None, said), *filter(None, [caveat_lag(runs)])])
