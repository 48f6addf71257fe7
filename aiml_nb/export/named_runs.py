"""The runs in what is to be written, each with its name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeAlias

from ..records import Comparison, Run
from ..report.subjects import run_names
from ..report.wording import concurrent_name

FilePath: TypeAlias = str | os.PathLike[str]


def named_runs(shown: Run | Comparison | Sequence[Run]) -> list[tuple[str, Run]]:
    """Return the names and the runs; raise TypeError for anything else."""
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
