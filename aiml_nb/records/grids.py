"""The same prompts, asked of every combination of models, parameters and endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .. import views
from .runs import Run, Shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(slots=True, kw_only=True)
class Grid(Shown):
    """The same prompts, asked of every variant; the calls of all variants took turns.

    ``grid["gpt-4o-mini, temperature=0"]`` is the run of a variant, ``for name in grid`` and
    ``len(grid)`` are of the names.

    Parameters
    ----------
    runs
        The run of each variant, by its name: the values that differ.
    varied
        What was varied, and its values: ``{"model": [...], "temperature": [...]}``.
    variants
        The values of each variant, by its name.
    journals
        The files that keep the records: one for each endpoint that has one.
    notices
        What is to be known of the grid, in sentences.
    """

    runs: dict[str, Run]
    varied: dict[str, list[Any]] = field(default_factory=dict)
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)
    journals: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> Run:
        """Return the run of a variant."""
        if name in self.runs:
            return self.runs[name]
        known = ", ".join(map(repr, self.runs))
        raise KeyError(f"{name!r} is no variant of this grid. Write one of {known}.")

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the variants."""
        return iter(self.runs)

    def __len__(self) -> int:
        """Return how many variants there are."""
        return len(self.runs)

    @property
    def finding(self) -> str:
        """What came out, in one sentence."""
        return views.finding(self)

    def answers(self) -> pd.DataFrame:
        """Return a table with a row for each prompt and a column for each variant's answers.

        Beside them is ``prompt``. What failed is missing; what functions returned stands as it is.
        """
        return views.answers_side_by_side(self)

    def to_frame(self) -> pd.DataFrame:
        """Return all calls, one row per call: ``variant``, what was varied, then `Run.to_frame`."""
        return views.grid_table(self)

    def __repr__(self) -> str:
        calls = [call for run in self.runs.values() for call in run.calls]
        ok = sum(call.outcome == "ok" for call in calls)
        return f"<Grid of {len(self.runs)} variants: {ok} of {len(calls)} calls ok>"
