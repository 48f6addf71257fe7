"""How much faster one model, temperature or endpoint answered than another, and how sure it is.

Runs that differ in what they were asked for are compared by the calls of the same prompts, not by
their makespans: the same prompt was put to both, so that long and short questions do not blur the
difference. Of a grid, whose calls share one limit, the makespans say nothing at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp, sqrt

import numpy as np

from ..records import Run
from .arrays import Columns, FloatArray, known, measure
from .asked import differing, level_name
from .pairs import answered_in_both, is_timed, t_quantile

_MAX_FREEDOM = 1000  # beyond, Student's t is the normal distribution
_MAX_HALF = 50.0  # of an interval on logarithms; two wild calls must not overflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How the calls of two runs, or of two groups of them, compare.

    Parameters
    ----------
    factor
        What differs, such as ``temperature``; empty if that has more than one name.
    faster, slower
        The names of the two, the one with the shorter calls first.
    ratio
        How many times longer the calls of `slower` took: the geometric mean over the prompts.
    interval
        The 95 % interval of `ratio`; None for a single prompt. Of more than two groups, the two
        farthest apart are named: the interval allows for that they were picked.
    prompts
        How many prompts were answered in all of the runs.
    fast_runs, slow_runs
        The places of the runs of the two, those that are alike in all else beside each other.
    groups
        How many groups were compared.
    """

    factor: str
    faster: str
    slower: str
    ratio: float
    interval: tuple[float, float] | None
    prompts: int
    fast_runs: list[int]
    slow_runs: list[int]
    groups: int = 2

    @property
    def is_clear(self) -> bool:
        """True if the interval leaves no doubt which of the two is faster."""
        return self.interval is not None and self.interval[0] > 1


@measure
def call_times(run: Columns) -> FloatArray:
    """Return the seconds that each call was with the server: without the waits before retries."""
    waits = np.fromiter((call.backoff_time for call in run.calls), np.float64, len(run.calls))
    return run.duration - waits


@measure
def median_call(run: Columns) -> float:
    """Return the median of `call_times` over the answered calls, of all if none was answered."""
    times = known(call_times(run)[run.answered])
    times = times if times.size else known(call_times(run))
    return float(np.median(times)) if times.size else 0.0


def compare_calls(base: Run, run: Run) -> tuple[float | None, tuple[float, float] | None, int]:
    """Return how many times faster the calls of `run` were than those of `base`.

    Returns
    -------
    tuple
        The ratio, None if there is nothing to compare; its 95 % interval, None for one prompt; and
        the number of prompts compared.
    """
    kept = sorted(answered_in_both(Columns.of(base), Columns.of(run)))
    slow, fast = _log_times(base, kept), _log_times(run, kept)
    ratios = known(slow - fast)
    return (*_ratio(ratios), len(ratios)) if ratios.size else (None, None, 0)


def effects(runs: Sequence[Run], names: Sequence[str]) -> list[Effect]:
    """Compare the calls of runs that differ in what they were asked for.

    Where every combination of some values was run, as in a grid, each of them is compared by
    itself, over the runs of all others; else the runs are compared as they are.

    Parameters
    ----------
    runs, names
        At least two runs of the same prompts, and their names.
    """
    answered = [i for i, run in enumerate(runs) if is_timed(Columns.of(run)).any()]
    if len(answered) < 2:
        return []
    kept = _answered_in_all([Columns.of(runs[i]) for i in answered])
    logs = np.array([_log_times(runs[i], kept) for i in answered])
    logs = logs[:, ~np.isnan(logs).any(axis=0)]
    if not logs.shape[1]:
        return []
    own = {names[i]: [place] for place, i in enumerate(answered)}
    compared = _crossed(runs, answered) or [("", own)]
    return [_farthest(factor, groups, logs, answered) for factor, groups in compared]


def _crossed(runs: Sequence[Run], answered: list[int]) -> list[tuple[str, dict[str, list[int]]]]:
    """Return for each thing that was varied its values, with the places of their runs.

    Empty unless every combination of at least two such things was run, and answered.
    """
    asked = differing([runs[i] for i in answered])
    levels: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    # In one order, so that the runs of two groups are alike in all else place by place.
    for place, each in sorted(enumerate(asked), key=lambda item: [*map(str, item[1].values())]):
        for name, value in each.items():
            levels[name][level_name(name, value)].append(place)
    combinations_run = {tuple(map(str, each.values())) for each in asked}
    expected = 1
    for groups in levels.values():
        expected *= len(groups)
    if len(levels) < 2 or not len(combinations_run) == expected == len(answered):
        return []
    return [(name, dict(groups)) for name, groups in levels.items()]


def _farthest(
    factor: str, groups: dict[str, list[int]], logs: FloatArray, answered: list[int]
) -> Effect:
    means = {name: logs[places].mean(axis=0) for name, places in groups.items()}
    faster = min(means, key=lambda name: float(means[name].mean()))
    slower = max((name for name in means if name != faster), key=lambda n: float(means[n].mean()))
    pairs = sum(1 for _ in combinations(means, 2))
    ratio, ends = _ratio(means[slower] - means[faster], level=1 - 0.05 / pairs)
    return Effect(
        factor=factor,
        faster=faster,
        slower=slower,
        ratio=ratio,
        interval=ends,
        prompts=logs.shape[1],
        fast_runs=[answered[place] for place in groups[faster]],
        slow_runs=[answered[place] for place in groups[slower]],
        groups=len(means),
    )


def _ratio(
    differences: FloatArray, *, level: float = 0.95
) -> tuple[float, tuple[float, float] | None]:
    """Return the geometric mean of ratios from their logarithms, and its interval."""
    n = len(differences)
    mean = float(differences.mean())
    if n < 2:
        return exp(mean), None
    half = (
        t_quantile(min(n - 1, _MAX_FREEDOM), level=level) * float(differences.std(ddof=1)) / sqrt(n)
    )
    half = min(half, _MAX_HALF)
    return exp(mean), (exp(mean - half), exp(mean + half))


def _answered_in_all(runs: Sequence[Columns]) -> list[int]:
    first, *others = runs
    kept = set(first.values("index", where=is_timed(first)))
    for other in others:
        kept &= answered_in_both(first, other)
    return sorted(kept)


def _log_times(run: Run, kept: Sequence[int]) -> FloatArray:
    """Return the logarithms of the times of these prompts; NaN for a call without a time."""
    columns = Columns.of(run)
    times = dict(zip(columns.values("index"), call_times(columns).tolist(), strict=True))
    found = np.array([times[index] for index in kept], np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs: FloatArray = np.where(found > 0, np.log(found), np.nan)
    return logs
