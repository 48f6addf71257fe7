"""The user's own table with the answers beside it.

pandas is imported by the functions, not by the module.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..prompts.cells import is_missing
from ..prompts.rows import INDEX_MARK
from ..records import Call, Run
from .answer_columns import answer_columns
from .frames import column, encodable
from .result_columns import result_columns

if TYPE_CHECKING:
    import pandas as pd

AFTER = ("outcome", "error")
# Texts that stay the same number when they are read as one: no 007, no 1e5.
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?", re.ASCII)
_OUR_NAME = re.compile(r"call-\d{6,}")


def answers(
    run: Run,
    *,
    as_written: bool = False,
    attached: Mapping[int, Mapping[str, Any]] | None = None,
    vectors: bool = True,
) -> pd.DataFrame:
    """Return the user's own table, and what was answered to each of its rows.

    Parameters
    ----------
    run
        The run.
    as_written
        Leave the cells of a file as the texts that they were, instead of reading numbers from them.
    attached, vectors
        What was written of each call beside a file, and whether the vectors themselves are wanted,
        as for `answer_columns`.

    Returns
    -------
    pandas.DataFrame
        A row for each prompt, in their order, with those that failed or were passed over. First the
        user's own columns, with the index and the types of the DataFrame or the Series that the
        prompts came from; for prompts without a table ``prompt``, after ``custom_id`` where they
        have names. Then the answer: ``answer``, its text, or a column for each field of a typed
        answer (of what a function returned). Of answers that are no texts, what they tell:
        ``n_vectors``, ``dimensions`` and ``vector``, an array; ``n_images``; ``bytes`` of a sound;
        ``flagged``. Then ``outcome``, as in `records.Call`, and ``error``:
        what went wrong, in words, or why a row was passed over. What is not known is missing. A
        column of ours gets ``result_`` before a name that the table has already. After `resume` of
        a journal alone, and in a run that was read from a file, the types are those that JSON has.
    """
    table = own_table(run, as_written=as_written)
    results = result_columns(run, taken={*map(str, table.columns), *AFTER})
    found = results or answer_columns(run.calls, attached=attached, vectors=vectors)
    return beside(table, run.calls, found)


def beside(table: pd.DataFrame, calls: Sequence[Call], found: Mapping[str, Any]) -> pd.DataFrame:
    """Put behind the columns of a table what was `found` of its calls, and how they ended."""
    taken = [str(name) for name in table.columns]
    columns = {free_name(name, taken): values for name, values in found.items()}
    taken += columns
    columns |= {
        free_name("outcome", taken): column([call.outcome for call in calls], "string"),
        free_name("error", taken): column([_explain(call) for call in calls], "string"),
    }
    for name, values in columns.items():
        table[name] = values
    return table


def own_columns(run: Run) -> list[str]:
    """Return the names of the columns of the user's table; none if there was none."""
    names = run.table.columns if run.table is not None else own_names(run.calls)
    return [str(name) for name in names]


def _explain(call: Call) -> str | None:
    return call.error or (None if call.outcome == "ok" else call.error_type)


def free_name(name: str, taken: Collection[str]) -> str:
    """Return the name for a column, with ``result_`` before it where it is taken."""
    while name in taken:
        name = f"result_{name}"
    return name


def own_table(run: Run, *, as_written: bool = False) -> pd.DataFrame:
    """Return the user's own table alone, as for `answers`."""
    import pandas as pd

    if run.table is not None and len(run.table) == len(run.calls):
        return run.table.copy()  # type: ignore[no-any-return]
    names = own_names(run.calls)
    cells: dict[str, Iterable[Any]] = {
        name: [(call.row or {}).get(name) for call in run.calls] for name in names
    }
    if not names:
        cells = _prompts_of(run.calls)
    data = {
        encodable(name): series_of(list(each), as_written=as_written)
        for name, each in cells.items()
    }
    return pd.DataFrame(data).set_axis(index_of(run.calls), axis=0)


def own_names(calls: Sequence[Call]) -> list[str]:
    """Return the names of the columns of the rows that calls were made from."""
    if any(call.api == "function" and call.row is None for call in calls):
        return []  # some items are rows, and others are not
    names = dict.fromkeys(name for call in calls for name in call.row or ())
    return [name for name in names if not name.startswith(INDEX_MARK)]


def is_named(calls: Sequence[Call]) -> bool:
    """Say whether any prompt has a name of its own."""
    return not all(_OUR_NAME.fullmatch(call.custom_id) for call in calls)


def _prompts_of(calls: Sequence[Call]) -> dict[str, Iterable[Any]]:
    cells: dict[str, Iterable[Any]] = {"prompt": [call.prompt for call in calls]}
    if not is_named(calls):
        return cells
    return {"custom_id": [call.custom_id for call in calls]} | cells


def index_of(calls: Sequence[Call]) -> Any:
    """Return the index that the rows name, else one that counts from 0."""
    import pandas as pd

    levels = list(
        dict.fromkeys(n for call in calls for n in call.row or () if n.startswith(INDEX_MARK))
    )
    if not levels:
        return pd.RangeIndex(len(calls))
    labels = [[(call.row or {}).get(level) for call in calls] for level in levels]
    names = [level.removeprefix(INDEX_MARK).partition("__")[2] or None for level in levels]
    if len(levels) == 1:
        return pd.Index(labels[0], name=names[0])
    return pd.MultiIndex.from_arrays(labels, names=names)


def series_of(values: list[Any], *, as_written: bool) -> Any:
    """Return the cells of a column with the type that fits all; whole numbers stay whole."""
    import pandas as pd

    values = [None if is_missing(value) else value for value in values]
    kinds = {type(value) for value in values if value is not None}
    if kinds == {str}:
        if as_written or not all(_NUMBER.fullmatch(each) for each in values if each is not None):
            return pd.Series([each and encodable(each) for each in values])
        is_whole = all("." not in each for each in values if each)
        values = [each and (int(each) if is_whole else float(each)) for each in values]
        kinds = {int if is_whole else float}
    if kinds == {int} and None in values and all(abs(each or 0) < 2**63 for each in values):
        return column(values, "Int64")
    if kinds == {bool} and None in values:
        return column(values, "boolean")
    return pd.Series(values)
