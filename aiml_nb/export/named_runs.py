"""The runs in what is to be written, each with its name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ..analysis.subject import columns_of
from ..records import Comparison, Grid, Run
from ..report.subjects import run_names
from ..report.wording import concurrent_name

FilePath: TypeAlias = str | os.PathLike[str]
# What files are made of several runs.
Written: TypeAlias = Run | Comparison | Sequence[Run] | Mapping[Any, Run] | Grid


def named_runs(shown: Written) -> list[tuple[str, Run]]:
    """Return the names and the runs; raise TypeError for anything else."""
    if isinstance(shown, Run):
        return [(shown.strategy, shown)]
    if isinstance(shown, Grid):
        shown = shown.runs
    if not isinstance(shown, Comparison):
        given: Any = shown.values() if isinstance(shown, Mapping) else shown
        are_several = isinstance(shown, Sequence | Mapping)
        if not (are_several and all(isinstance(run, Run) for run in given)):
            raise TypeError(
                f"Only runs and comparisons can be written, not a {type(shown).__name__}. Give "
                "what run() or compare() returned, and then the name of the file."
            )
        return list(zip(run_names(columns_of(shown)), given, strict=True))
    numbers = ["", *(f" {number}" for number in range(2, len(shown.pairs) + 1))]
    return [
        (f"{name}{number}", run)
        for number, (sync, concurrent) in zip(numbers, shown.pairs, strict=True)
        for name, run in (("sync", sync), (concurrent_name(concurrent), concurrent))
    ]
