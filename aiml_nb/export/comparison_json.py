"""A comparison and its runs as plain data, and as the JSON of ``aiml-nb compare --json``."""

from __future__ import annotations

from typing import Any

from ..analysis import lower_bound, total_overtakes
from ..answered import columns_of
from ..formats.codec import OPTIONAL_FIELDS, optional_fields, own_row, to_dict
from ..formats.journal import held_time_of, loop_delays_of
from ..formats.lines import dump
from ..records import Call, Comparison, Run

# Fields of a call that version 1 does not have, or has elsewhere.
_LEFT_OUT = {"custom_id", "error", "finish_reason", "reasoning_tokens", "model", "parameters"}
_LEFT_OUT |= set(OPTIONAL_FIELDS)


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
        **held_time_of(run),
        **loop_delays_of(run),
        "calls": [_call_to_dict(call) for call in run.calls],
    }


def _call_to_dict(call: Call) -> dict[str, Any]:
    data = {name: each for name, each in to_dict(call).items() if name not in _LEFT_OUT}
    body = data.pop("body")
    return data | columns_of(call) | {"body": body} | optional_fields(call) | own_row(call.row)


def to_json(data: dict[str, Any]) -> str:
    """Return `data` as JSON text in plain ASCII; numbers that JSON does not know become null."""
    return dump(data, indent=1)
