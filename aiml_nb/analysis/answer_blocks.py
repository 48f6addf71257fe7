"""The table of answers so many rows at a time: of a large run it would not fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..prompts.cells import is_missing
from ..records import Call, Run
from .answer_columns import answer_columns, answer_names
from .answers import AFTER, beside, index_of, is_named, own_names, series_of
from .frames import column, encodable
from .result_columns import ResultValues, result_shape

if TYPE_CHECKING:
    import pandas as pd


def answer_blocks(
    run: Run, *, size: int, attached: Mapping[int, Mapping[str, Any]]
) -> Iterator[pd.DataFrame]:
    """Yield the rows of ``answers(run, as_written=True, vectors=False)``, `size` at a time.

    All blocks have the same columns, with the types that they have in the whole table.
    """
    own = _OwnTable(run)
    shape = result_shape(run, ResultValues(run.calls), taken={*own.names, *AFTER})
    names = [] if shape.names else answer_names(run.calls, attached)
    for first in range(0, len(run.calls), size):
        calls = run.calls[first : first + size]
        if shape.names:
            found = shape.columns([*ResultValues(calls)])
        else:
            known = answer_columns(calls, attached=attached, vectors=False)
            none = column([None] * len(calls), "string")
            found = {name: known.get(name, none) for name in names}
        yield beside(own.rows(calls, first), calls, found)


class _OwnTable:
    """The user's own table; of one that is in no DataFrame no column of texts is in memory.

    Attributes
    ----------
    names
        Those of its columns.
    """

    def __init__(self, run: Run) -> None:
        import pandas as pd

        self._texts = set[str]()
        self._columns: list[str] | None = None
        if run.table is not None and len(run.table) == len(run.calls):
            self._whole: pd.DataFrame = run.table
            self.names = [*map(str, run.table.columns)]
            return
        self._columns, self._are_rows = own_names(run.calls), True
        if not self._columns:
            self._columns = ["custom_id", "prompt"] if is_named(run.calls) else ["prompt"]
            self._are_rows = False
        self._texts = self._find_texts(run.calls)
        data = {
            name: series_of(self._cells(run.calls, name), as_written=True)
            for name in self._columns
            if name not in self._texts
        }
        table = pd.DataFrame(data, index=pd.RangeIndex(len(run.calls)))
        self._whole = table.set_axis(index_of(run.calls), axis=0)
        self.names = [*map(encodable, self._columns)]

    def _find_texts(self, calls: Sequence[Call]) -> set[str]:
        if not self._are_rows:
            return {"custom_id", "prompt"}
        rows = (call.row or {} for call in calls)
        return {name for row in rows for name, cell in row.items() if isinstance(cell, str)}

    def rows(self, calls: Sequence[Call], first: int) -> pd.DataFrame:
        """Return the rows of some calls, of which the first has this number."""
        import pandas as pd

        whole = self._whole.iloc[first : first + len(calls)]
        if self._columns is None:
            return whole.copy()
        data = {
            encodable(name): whole[name]
            if name not in self._texts
            else pd.Series(self._cells(calls, name), dtype=object, index=whole.index)
            for name in self._columns
        }
        return pd.DataFrame(data, index=whole.index)

    def _cells(self, calls: Sequence[Call], name: str) -> list[Any]:
        if not self._are_rows:
            return [getattr(call, name) for call in calls]
        cells = ((call.row or {}).get(name) for call in calls)
        return [None if is_missing(cell) else cell for cell in cells]
