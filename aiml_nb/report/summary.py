"""Runs in numbers, one row each. pandas is imported by the functions alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.arrays import Columns, FloatArray, known
from ..analysis.asked import differing
from ..analysis.bounds import efficiency, lower_bound, mean_in_flight, peak_in_flight, upper_bound
from ..analysis.counts import backoff_time, count_attempts, count_outcomes, sum_of
from ..analysis.diagnosis import diagnose
from ..analysis.effects import compare_calls
from ..analysis.frames import Row, frame_of
from ..analysis.kinds import inner_calls, is_watched, parents
from ..analysis.order import inverted_share, kendall_tau, total_overtakes
from ..analysis.pairs import differences, pair_times
from ..analysis.pauses import pauses
from ..analysis.subject import Shown, Subject, columns_of
from ..analysis.usage import characters_per_second, tokens_per_second, usage_measures_text
from ..analysis.workers import workers
from ..records import Grid, Run
from .subjects import run_names
from .wording import concurrent_name, is_concurrent, join_and, sync_name

if TYPE_CHECKING:
    import pandas as pd


def summary(run_or_comparison: Shown) -> pd.DataFrame:
    """Return the numbers of a run as a table of one row, of a comparison as one of two.

    Parameters
    ----------
    run_or_comparison
        A run; a comparison, of which the pair with the median speed-up is taken; or several runs,
        as a list or with their names as a dictionary: a row for each.

    Returns
    -------
    pandas.DataFrame
        The rows are named after the strategy, or ``sync`` and ``async`` (or ``threads``). Calls are
        counted by outcome (``failed`` is error or timeout, ``unfinished`` cancelled or not
        started). Times in seconds; ``duration``, ``total_time`` and ``time_to_first_token`` are
        over the answers, whole (``ok``) or cut by max_tokens: median, 95th percentile from 20 of
        them, 99th from 100, and largest. ``inverted_share`` and ``kendall_tau`` compare the order
        of finishing with that of submission; ``diagnosis`` is why slots stood idle (`diagnose`); in
        ``pause_time`` nothing was sent after 429s, for ``loop_lag_total`` the event loop was late.
        Tokens and dollars are sums over the calls that report them; ``tokens_per_second`` is
        missing where ``usage_measures_text`` is false. Of code that was watched, limit, bounds and
        diagnosis are missing: nobody set a limit. Where calls were made within functions there is
        ``inner_calls``, how many, and tokens and dollars are theirs; where worker processes sent
        the calls ``workers``, how many did.
    """
    subject = Subject.of(run_or_comparison)
    names = [Columns.of(run).name or run.strategy for run in subject.runs[:1]]
    if subject.are_several:
        names = run_names(subject.runs)
    if subject.pair is not None:
        names = [sync_name(subject.run), concurrent_name(subject.run)]
    rows = _with_added(subject.shown, [_numbers(run) for run in subject.shown])
    return frame_of(rows, names).rename_axis("run")


def compare_strategies(runs: Iterable[Run] | Mapping[Any, Run] | Grid) -> pd.DataFrame:
    """Return several runs of the same prompts side by side, one row per run.

    Parameters
    ----------
    runs
        The runs, such as one for each strategy or each model; as a dictionary with their names, or
        a grid.

    Returns
    -------
    pandas.DataFrame
        The rows are named by the keys of the dictionary, else after the strategies, with the limit
        where two are the same, or after what the runs were asked for, where it differs. The columns
        are those of `summary`, and before them ``speedup``: how many times faster than the
        sequential run (than the first, if none is sequential), over the prompts answered in
        both, ``compared``: how many these are, and ``not_comparable``: what makes the run unlike
        that one, such as ``different prompts``. Such a run has no speed-up. Where the runs were
        asked for different things (the model, the endpoint, parameters), it is the speed-up of
        their calls, not of the whole runs, and its 95 % interval stands beside it as
        ``speedup_low`` and ``speedup_high``.

    Raises
    ------
    ValueError
        If there are no runs.
    """
    given = columns_of(runs)
    if not given:
        raise ValueError("compare_strategies() needs at least one Run; it was given 0.")
    base = next((run for run in given if not is_concurrent(run)), given[0])
    against = _against_calls if any(differing(given)) else _against_run
    rows = [against(base, run) | _numbers(run) for run in given]
    return frame_of(_with_added(given, rows), run_names(given)).rename_axis("run")


def _against_run(base: Run, run: Run) -> Row:
    times, unlike = pair_times(base, run), differences([base, run])
    return {
        "speedup": (None if unlike else times.ratio, float),
        "compared": (0 if unlike else times.kept, int),
        "not_comparable": (join_and(unlike) if unlike else None, str),
    }


def _against_calls(base: Run, run: Run) -> Row:
    unlike = differences([base, run])
    ratio, ends, kept = (None, None, 0) if unlike else compare_calls(base, run)
    low, high = ends or (None, None)
    return {
        "speedup": (ratio, float),
        "speedup_low": (low, float),
        "speedup_high": (high, float),
        "compared": (kept, int),
        "not_comparable": (join_and(unlike) if unlike else None, str),
    }


def _numbers(run: Columns) -> Row:
    """Map each column of the summary to its value and its type."""
    found, counts = diagnose(run), count_outcomes(run)
    numbers: Row = {
        "strategy": (run.strategy, str),
        "model": (run.model, str),
        "simulated": (run.simulated, bool),
        "stream": (run.stream, bool),
        "max_concurrency": (None if is_watched(run) else run.max_concurrency, int),
        "calls": (counts.total(), int),
        "ok": (counts["ok"], int),
        "incomplete": (counts["incomplete"], int),
        "refused": (counts["refused"], int),
        "failed": (counts["error"] + counts["timeout"], int),
        "unfinished": (counts["cancelled"] + counts["not_started"], int),
        "attempts": (count_attempts(run), int),
        "makespan": (run.makespan, float),
        "lower_bound": (lower_bound(run), float),
        "upper_bound": (upper_bound(run), float),
        "efficiency": (efficiency(run), float),
        "diagnosis": (found.kind if found else None, str),
        "overtakes": (total_overtakes(run), int),
        "inverted_share": (inverted_share(run), float),
        "kendall_tau": (kendall_tau(run), float),
        "peak_in_flight": (peak_in_flight(run), int),
        "mean_in_flight": (mean_in_flight(run), float),
    }
    numbers |= _spread("duration", run.duration[run.answered])
    numbers |= _spread("total_time", (run.finished - run.submitted)[run.answered])
    numbers |= _spread("time_to_first_token", (run.first_token - run.started)[run.answered])
    return numbers | _amounts(run)


def _with_added(runs: Sequence[Columns], rows: list[Row]) -> list[Row]:
    """Add how many calls were made within others and how many workers sent, if any run has such."""
    added: list[Row] = [{} for _ in runs]
    if any(map(parents, runs)):
        added = [{"inner_calls": (len(inner_calls(run)), int)} for run in runs]
    if any(map(workers, runs)):
        added = [
            each | {"workers": (len(workers(run)) or None, int)}
            for run, each in zip(runs, added, strict=True)
        ]
    return [row | each for row, each in zip(rows, added, strict=True)]


def _amounts(run: Columns) -> Row:
    numbers: Row = {
        "backoff_time": (backoff_time(run), float),
        "pause_time": (pauses(run).total, float),
    }
    for name, kind in (("input_tokens", int), ("output_tokens", int), ("cost", float)):
        numbers[name] = (sum_of(run, name), kind)
    return numbers | {
        "usage_measures_text": (usage_measures_text(run), bool),
        "tokens_per_second": (tokens_per_second(run), float),
        "characters_per_second": (characters_per_second(run), float),
        "loop_lag_max": (run.loop_lag_max, float),
        "loop_lag_total": (run.loop_lag_total, float),
    }


def _spread(name: str, values: FloatArray) -> Row:
    values = known(values)
    n = len(values)
    # Of fewer values such a percentile is little else than the largest one.
    return {
        f"{name}_median": (float(np.median(values)) if n else None, float),
        f"{name}_p95": (float(np.percentile(values, 95)) if n >= 20 else None, float),
        f"{name}_p99": (float(np.percentile(values, 99)) if n >= 100 else None, float),
        f"{name}_max": (float(values.max()) if n else None, float),
    }
