"""The one way from records up to analysis, report and plot.

Each function imports what it needs when it is called: importing records loads none of those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from .records import Comparison, Grid, Run


def call_table(run: Run) -> pd.DataFrame:
    """Return the calls of a run as a table: see `analysis.call_table`."""
    from . import analysis

    return analysis.call_table(run)


def answers(run: Run) -> pd.DataFrame:
    """Return the user's own table with the answers: see `analysis.answers`."""
    from .analysis.answers import answers

    return answers(run)


def attempts_table(run: Run) -> pd.DataFrame:
    """Return the attempts of a run as a table: see `analysis.attempts_table`."""
    from . import analysis

    return analysis.attempts_table(run)


def children_table(run: Run) -> pd.DataFrame:
    """Return what was made within calls as a table: see `analysis.children_table`."""
    from . import analysis

    return analysis.children_table(run)


def summary(shown: Run | Comparison | Grid) -> pd.DataFrame:
    """Return the numbers as a table, one row per run: see `report.summary`."""
    from . import report

    return report.summary(shown)


def speedup(comparison: Comparison) -> float | None:
    """Return how many times faster the concurrent runs were: see `analysis.speedup`."""
    from . import analysis

    return analysis.speedup(comparison)


def interval(comparison: Comparison) -> tuple[float, float] | None:
    """Return the 95 % interval of the speed-up: see `analysis.interval`."""
    from . import analysis

    return analysis.interval(comparison)


def median_pair(comparison: Comparison) -> tuple[Run, Run]:
    """Return the pair with the median speed-up: see `analysis.median_pair`."""
    from . import analysis

    return analysis.median_pair(comparison)


def finding(shown: Comparison | Grid) -> str:
    """Say what came out, in one sentence: see `report.finding`."""
    from . import report

    return report.finding(shown)


def answers_side_by_side(grid: Grid) -> pd.DataFrame:
    """Return a column of answers for each variant: see `analysis.answers_side_by_side`."""
    from . import analysis

    return analysis.answers_side_by_side(grid)


def grid_table(grid: Grid) -> pd.DataFrame:
    """Return the calls of all variants as a table: see `analysis.grid_table`."""
    from . import analysis

    return analysis.grid_table(grid)


def display_bundle(shown: Run | Comparison | Grid) -> dict[str, Any]:
    """Return what a notebook shows: see `plot.display_bundle`."""
    from . import plot

    return plot.display_bundle(shown)
