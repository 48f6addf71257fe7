"""From records to files that other tools read."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from .analysis import call_table, lower_bound, total_overtakes
from .analysis.frames import column
from .analysis.panels import run_names
from .analysis.subject import Subject
from .analysis.table import request_parameters
from .analysis.wording import concurrent_name
from .completion import told_of
from .files import write_whole
from .jsonl import dump
from .records import Call, Comparison, Run
from .rows import encode_rows
from .trace import trace_events

if TYPE_CHECKING:
    import pandas as pd

FilePath: TypeAlias = str | os.PathLike[str]

# What a spreadsheet takes for the beginning of a formula, wide forms included; a number is none.
_FORMULA = re.compile("[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)? *", re.ASCII | re.IGNORECASE)
_TEXTS = ("prompt", "text", "error", "tool_calls", "reasoning")

_CALL_FIELDS = (
    "index",
    "prompt",
    "submitted",
    "started",
    "first_token",
    "finished",
    "outcome",
    "error_type",
    "text",
    "input_tokens",
    "output_tokens",
    "cost",
)


def comparison_to_dict(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain data, version 1 of the format that ``--json`` writes.

    Seconds are floats; what does not apply is None.

    Returns
    -------
    dict
        ``version, finding, speedup, interval, endpoint, simulated, seed, sync, concurrent``, the
        last two as `run_to_dict`; and ``pairs`` if there are several.
    """
    sync = comparison.sync
    data = {
        "version": 1,
        "finding": comparison.finding,
        "speedup": comparison.speedup,
        "interval": comparison.interval,
        "endpoint": sync.base_url,
        "simulated": sync.simulated,
        "seed": sync.seed,
        "sync": run_to_dict(sync),
        "concurrent": run_to_dict(comparison.concurrent),
    }
    if len(comparison.pairs) > 1:
        data["pairs"] = [[run_to_dict(run) for run in pair] for pair in comparison.pairs]
    return data


def run_to_dict(run: Run) -> dict[str, Any]:
    """Return a run as plain data: its settings, its numbers, and its calls with their attempts."""
    return {
        "strategy": run.strategy,
        "max_concurrency": run.max_concurrency,
        "makespan": run.makespan,
        "lower_bound": lower_bound(run),
        "overtakes": total_overtakes(run),
        "loop_lag_max": run.loop_lag_max,
        "calls": [_call_to_dict(call) for call in run.calls],
    }


def to_json(data: dict[str, Any]) -> str:
    """Return `data` as JSON text in plain ASCII; numbers that JSON does not know become null."""
    return dump(data, indent=1)


def to_csv(shown: Run | Comparison | Sequence[Run], path: FilePath, *, texts: bool = False) -> Path:
    """Write one line per call, for spreadsheets and pandas.

    The columns are those of `analysis.call_table` and before them ``run``: the strategy, or
    ``sync`` and ``async`` (numbered from the second pair on: ``sync 2``). A text that a
    spreadsheet would take for a formula gets an apostrophe before it; a number stays as it is. The
    file is UTF-8 with the mark by which Excel knows it. Read it with
    ``pandas.read_csv(path, keep_default_na=False, na_values=[""])``: an empty cell is missing.

    Parameters
    ----------
    shown
        A run, a comparison with all its pairs, or several runs.
    path
        Where to; replaced as a whole.
    texts
        True writes prompts, answers and the words of errors as well; of request parameters,
        numbers, switches and the model are always written.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    import pandas as pd

    frames = [_labelled(name, run, texts=texts) for name, run in _named_runs(shown)]
    table = pd.concat(frames, ignore_index=True)
    for name in table.columns:
        if table[name].dtype == "string":
            table[name] = table[name].map(_guarded, na_action="ignore")
    # pandas would leave a lone carriage return outside quotes, where it ends the line.
    data = table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return write_whole(Path(path), [data.encode("utf-8-sig")])


def to_jsonl(run: Run, path: FilePath, *, texts: bool = False) -> Path:
    """Write one row of JSON per call, each complete in itself; `rows` documents its members.

    `read_saved` gives the run back as it was, and `plot_timeline` takes the file's name.

    Parameters
    ----------
    run
        The run.
    path
        Where to; replaced as a whole.
    texts
        True writes prompts, answers and the words of errors as well.

    Raises
    ------
    OSError
        If the file cannot be written.
    TypeError
        If it is not a run.
    """
    if not isinstance(run, Run):
        advice = "Give it what run() returned."
        if isinstance(run, Comparison):
            advice = (
                "Write its runs one by one: to_jsonl(result.sync, …), "
                "to_jsonl(result.concurrent, …)."
            )
        elif isinstance(run, Sequence) and run and all(isinstance(each, Run) for each in run):
            advice = "Write each to a file of its own, as with to_jsonl(runs[0], …)."
        raise TypeError(f"to_jsonl() writes one run, not a {type(run).__name__}. {advice}")
    return write_whole(Path(path), encode_rows(run, texts=texts))


def to_chrome_trace(
    shown: Run | Comparison | Sequence[Run], path: FilePath, *, texts: bool = False
) -> Path:
    """Write a trace that ui.perfetto.dev and chrome://tracing show (`trace.trace_events`).

    Parameters
    ----------
    shown
        A run; a comparison, of which the pair with the median speed-up is written; or several runs.
    path
        Where to; replaced as a whole.
    texts
        True writes the beginnings of prompts and answers as well.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    named, subject = _named_runs(shown), Subject.of(shown)
    if subject.pair is not None:
        named = list(zip(["sync", concurrent_name(subject.run)], subject.pair, strict=True))
    trace = {"displayTimeUnit": "ms", "traceEvents": trace_events(named, texts=texts)}
    return write_whole(Path(path), [dump(trace).encode("ascii")])


def _named_runs(shown: Run | Comparison | Sequence[Run]) -> list[tuple[str, Run]]:
    if isinstance(shown, Run):
        return [(shown.strategy, shown)]
    if not isinstance(shown, Comparison):
        if not (isinstance(shown, Sequence) and all(isinstance(run, Run) for run in shown)):
            raise TypeError(
                f"Only runs and comparisons can be written, not a {type(shown).__name__}. Give "
                "what run() or compare() returned, and then the name of the file."
            )
        return list(zip(run_names(shown), shown, strict=True))
    numbers = ["", *(f" {number}" for number in range(2, len(shown.pairs) + 1))]
    return [
        (f"{name}{number}", run)
        for number, (sync, concurrent) in zip(numbers, shown.pairs, strict=True)
        for name, run in (("sync", sync), (concurrent_name(concurrent), concurrent))
    ]


def _labelled(name: str, run: Run, *, texts: bool) -> pd.DataFrame:
    table = call_table(run)
    table.insert(0, "run", name)
    table["run"] = table["run"].astype("string")
    if texts:
        return table
    table["parameters"] = column(request_parameters(run, texts=False), "string")
    return table.drop(columns=list(_TEXTS))


def _guarded(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _call_to_dict(call: Call) -> dict[str, Any]:
    data = {name: getattr(call, name) for name in _CALL_FIELDS}
    data["attempts"] = [asdict(attempt) for attempt in call.attempts]
    return data | told_of(call) | {"body": call.body}
