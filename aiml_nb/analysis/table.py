"""Records as pandas tables. pandas is imported by the functions, not by the module."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from ..records import Attempt, Call, Comparison, Run
from .bounds import efficiency, lower_bound, mean_in_flight, peak_in_flight
from .order import finishing_ranks, overtakes, total_overtakes
from .pairs import median_pair
from .wording import concurrent_name

if TYPE_CHECKING:
    import pandas as pd

_CALL_COLUMNS = {
    "index": "Int64",
    "custom_id": "string",
    "prompt": "string",
    "outcome": "string",
    "error_type": "string",
    "error": "string",
    "submitted": "Float64",
    "started": "Float64",
    "first_token": "Float64",
    "finished": "Float64",
    "queue_time": "Float64",
    "duration": "Float64",
    "total_time": "Float64",
    "time_to_first_token": "Float64",
    "time_per_output_token": "Float64",
    "backoff_time": "Float64",
    "input_tokens": "Int64",
    "output_tokens": "Int64",
    "reasoning_tokens": "Int64",
    "cost": "Float64",
    "model": "string",
    "finish_reason": "string",
    "text": "string",
}
_ATTEMPT_COLUMNS = {
    "number": "Int64",
    "started": "Float64",
    "first_token": "Float64",
    "finished": "Float64",
    "status": "Int64",
    "error_type": "string",
    "backoff_time": "Float64",
    "request_id": "string",
    "possibly_billed": "boolean",
}
_SUMMARY_TYPES = {str: "string", int: "Int64", float: "Float64", bool: "boolean"}
_SURROGATES = re.compile("[\ud800-\udfff]")
_SPREADS = ("duration", "total_time", "time_to_first_token")


def call_table(run: Run) -> pd.DataFrame:
    """Return the calls of a run as a table, one row per call in the order of the prompts.

    Parameters
    ----------
    run
        The run.

    Returns
    -------
    pandas.DataFrame
        The fields of `records.Call`, then its times. Seconds, and stamps in seconds since the run's
        origin; dollars; what is not known is missing (``pd.NA``). Added to them: ``finished_rank``
        (1 for the first to finish), ``overtakes`` (earlier-submitted calls still unfinished when
        this one finished), ``attempts`` (how many were made) and ``simulated``. Lone surrogates in
        texts become U+FFFD, since no file could take them.
    """
    columns = _fields(run.calls, _CALL_COLUMNS)
    columns["finished_rank"] = _column(finishing_ranks(run), "Int64")
    columns["overtakes"] = _column(overtakes(run), "Int64")
    columns["attempts"] = _column([len(call.attempts) for call in run.calls], "Int64")
    columns["simulated"] = _column([run.simulated] * len(run.calls), "boolean")
    return _frame(columns)


def attempts_table(run: Run) -> pd.DataFrame:
    """Return the attempts of a run as a table, one row per attempt, call by call.

    Parameters
    ----------
    run
        The run.

    Returns
    -------
    pandas.DataFrame
        ``index`` and ``custom_id`` of the call, then the fields of `records.Attempt`, its
        ``duration`` (finished - started, seconds) and ``simulated``.
    """
    rows = [(call, attempt) for call in run.calls for attempt in call.attempts]
    calls, attempts = [call for call, _ in rows], [attempt for _, attempt in rows]
    columns = _fields(calls, {"index": "Int64", "custom_id": "string"})
    columns |= _fields(attempts, _ATTEMPT_COLUMNS)
    columns["duration"] = _column([_attempt_duration(a) for a in attempts], "Float64")
    columns["simulated"] = _column([run.simulated] * len(rows), "boolean")
    return _frame(columns)


def summary(run_or_comparison: Run | Comparison) -> pd.DataFrame:
    """Return the numbers of a run as a table of one row, or of a comparison as one of two.

    Parameters
    ----------
    run_or_comparison
        A run; or a comparison, of which the pair with the median speed-up is taken.

    Returns
    -------
    pandas.DataFrame
        The rows are named after the strategy, or ``sync`` and ``async`` (or ``threads``). Calls are
        counted by outcome (``failed`` is error or timeout, ``unfinished`` cancelled or not
        started). Times in seconds; ``duration``, ``total_time`` and ``time_to_first_token`` are
        over the ok calls: median, 95th percentile from 20 of them, 99th from 100, and largest.
        Tokens and dollars are sums over the calls that report them.
    """
    if isinstance(run_or_comparison, Run):
        named = [(run_or_comparison.strategy, run_or_comparison)]
    else:
        sync, concurrent = median_pair(run_or_comparison)
        named = [("sync", sync), (concurrent_name(concurrent), concurrent)]
    rows = [_numbers(run) for _, run in named]
    columns = {
        name: _column([row[name][0] for row in rows], _SUMMARY_TYPES[rows[0][name][1]])
        for name in rows[0]
    }
    table = _frame(columns)
    table.index = _column([name for name, _ in named], "string")
    return table.rename_axis("run")


def _numbers(run: Run) -> dict[str, tuple[Any, type]]:
    """Map each column of the summary to its value and its type."""
    calls = run.calls
    numbers: dict[str, tuple[Any, type]] = {
        "strategy": (run.strategy, str),
        "model": (run.model, str),
        "simulated": (run.simulated, bool),
        "stream": (run.stream, bool),
        "max_concurrency": (run.max_concurrency, int),
        "calls": (len(calls), int),
        "ok": (_count(calls, "ok"), int),
        "incomplete": (_count(calls, "incomplete"), int),
        "refused": (_count(calls, "refused"), int),
        "failed": (_count(calls, "error", "timeout"), int),
        "unfinished": (_count(calls, "cancelled", "not_started"), int),
        "attempts": (sum(len(call.attempts) for call in calls), int),
        "makespan": (run.makespan, float),
        "lower_bound": (lower_bound(run), float),
        "efficiency": (efficiency(run), float),
        "overtakes": (total_overtakes(run), int),
        "peak_in_flight": (peak_in_flight(run), int),
        "mean_in_flight": (mean_in_flight(run), float),
    }
    for name in _SPREADS:
        numbers |= _spread(name, [getattr(call, name) for call in calls if call.outcome == "ok"])
    numbers["backoff_time"] = (sum(call.backoff_time for call in calls), float)
    for name, kind in (("input_tokens", int), ("output_tokens", int), ("cost", float)):
        numbers[name] = (_sum_of_known(getattr(call, name) for call in calls), kind)
    numbers["loop_lag_max"] = (run.loop_lag_max, float)
    return numbers


def _spread(name: str, values: Iterable[float | None]) -> dict[str, tuple[Any, type]]:
    known = sorted(value for value in values if value is not None)
    n = len(known)
    return {
        f"{name}_median": (median(known) if n else None, float),
        f"{name}_p95": (_percentile(known, 95) if n >= 20 else None, float),
        f"{name}_p99": (_percentile(known, 99) if n >= 100 else None, float),
        f"{name}_max": (known[-1] if n else None, float),
    }


def _percentile(ranked: Sequence[float], percent: int) -> float:
    """Interpolate linearly between ranks, as numpy and pandas do unless told otherwise."""
    whole, part = divmod(percent * (len(ranked) - 1), 100)
    following = ranked[min(whole + 1, len(ranked) - 1)]
    return ranked[whole] + (following - ranked[whole]) * part / 100


def _count(calls: Sequence[Call], *outcomes: str) -> int:
    return sum(call.outcome in outcomes for call in calls)


def _sum_of_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _attempt_duration(attempt: Attempt) -> float | None:
    return None if attempt.finished is None else attempt.finished - attempt.started


def _fields(records: Sequence[Call | Attempt], types: dict[str, str]) -> dict[str, Any]:
    return {
        name: _column([getattr(record, name) for record in records], kind)
        for name, kind in types.items()
    }


def _column(values: Sequence[Any], kind: str) -> Any:
    import pandas as pd

    if kind == "string":
        values = [None if value is None else _encodable(value) for value in values]
    return pd.array(values, dtype=kind)  # type: ignore[call-overload]


def _encodable(text: str) -> str:
    return text if text.isascii() else _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


def _frame(columns: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns)
