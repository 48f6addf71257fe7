"""A grid as tables: the answers side by side, and all calls below each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..records import Call, Grid
from .answer_columns import answer_columns
from .answers import free_name, own_columns, own_table
from .frames import column
from .table import call_table

if TYPE_CHECKING:
    import pandas as pd


def answers_side_by_side(grid: Grid) -> pd.DataFrame:
    """Return a table with a row for each prompt and a column for each variant.

    The rows are those of the user's own table, with its columns first; without one, the prompts by
    their ``custom_id``.
    """
    import pandas as pd

    runs = [*grid.runs.values()]
    if runs and own_columns(runs[0]):
        table = own_table(runs[0])
    else:
        first = runs[0].calls if runs else []
        index = pd.Index([call.custom_id for call in first], name="custom_id")
        prompts = column([call.prompt for call in first], "string")
        table = pd.DataFrame({"prompt": prompts}, index=index)
    for name, run in grid.runs.items():
        table[free_name(name, [*map(str, table.columns)])] = _answers(run.calls)
    return table


def grid_table(grid: Grid) -> pd.DataFrame:
    """Return the calls of all variants, those of one variant together."""
    import pandas as pd

    tables = []
    for name, run in grid.runs.items():
        table = call_table(run)
        values = grid.variants.get(name, {})
        # The values as they were asked for; `call_table` has columns of some of these names.
        own = {key: value for key, value in values.items() if key not in table.columns}
        for key, value in reversed(own.items()):
            table.insert(0, key, [value] * len(table))
        table.insert(0, "variant", column([name] * len(table), "string"))
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _answers(calls: list[Call]) -> Any:
    """Return what each call was answered: what it was read as, its text, its vector or verdict."""
    if any(call.result is not None for call in calls):
        return [call.result for call in calls]
    columns = answer_columns(calls)
    known = [name for name in ("answer", "vector") if name in columns]
    return columns[[*known, *columns][0]]
