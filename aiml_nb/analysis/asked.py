"""What runs were asked for: the model, where, with which parameters; and in what they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from ..records import Run
from .arrays import Columns
from .kinds import is_watched, models_of

Asked = dict[str, Any]

# Its value alone tells what it is: "gpt-4o", not "model=gpt-4o".
PLAIN = ("model", "endpoint", "simulator")


def asked_of(run: Run) -> Asked:
    """Return what a run was asked for, by name: model, endpoint, and its request parameters."""
    if is_watched(run):  # it asked for nothing as a whole: each of its calls did
        return {"model": ", ".join(sorted(models_of(run)))}
    asked: Asked = {"model": run.model}
    if run.simulated:
        asked |= {"simulator": run.service, "simulator_seed": run.seed}
    else:
        asked["endpoint"] = _place(run.base_url)
    return asked | run.parameters


def differing(runs: Sequence[Run]) -> list[Asked]:
    """Return for each run what it was asked for, only as far as the runs differ in it.

    What is not known of a run, as the model of a file that does not name it, is no difference.

    Examples
    --------
    >>> differing([run_of_gpt_4o, run_of_gpt_4o_mini])
    [{'model': 'gpt-4o'}, {'model': 'gpt-4o-mini'}]
    """
    known = [run.asked for run in map(Columns.of, runs) if run.asked]
    if known and len(known) == len(runs):  # a grid knows it
        return known
    asked = [asked_of(run) for run in runs]
    names = dict.fromkeys(name for each in asked for name in each)
    return [
        {name: each.get(name) for name in names if _differ([one.get(name) for one in asked], name)}
        for each in asked
    ]


def level_name(name: str, value: object) -> str:
    """Return the words for one value of what was asked for: ``gpt-4o``, ``temperature=0``."""
    if name in PLAIN and value:
        return str(value)
    return f"{name}={'default' if value is None else value}"


def _differ(values: Sequence[object], name: str) -> bool:
    if name in PLAIN or name == "simulator_seed":
        values = [value for value in values if value not in ("", None)]
    return any(value != values[0] for value in values[1:])


def _place(base_url: str) -> str:
    """Return the host and the port of an address, or the address if it has none."""
    try:
        return urlsplit(base_url).netloc.rpartition("@")[2] or base_url
    except ValueError:
        return base_url
