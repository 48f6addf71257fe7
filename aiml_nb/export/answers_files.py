"""The user's own table with the answers, as a file: CSV, Excel or Parquet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analysis.answer_blocks import answer_blocks
from ..analysis.answers import answers
from ..analysis.frames import encodable
from ..formats.atomic import write_atomic
from ..formats.lines import dump
from ..formats.plain import plain_data_of
from ..prompts.cells import is_missing
from ..prompts.with_pandas import explain_missing
from ..records import Run
from .binary_files import write_binary_files
from .progress import with_progress

if TYPE_CHECKING:
    import pandas as pd

# How cells begin that a spreadsheet would run as a formula, in full width too.
_FORMULA = re.compile("[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)? *", re.ASCII | re.IGNORECASE)
# What XML, and so a workbook, has no form for.
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_MAX_CELL = 32_767  # characters, of Excel
_MAX_ROWS = 1_048_575  # of a sheet of Excel, below its header
_BLOCK = 1000  # rows of CSV in memory at a time
_CUT = " … [cut: a cell of Excel takes no more]"


def write_answers(run: Run, path: Path, *, kind: str) -> Path:
    """Write the table of `analysis.answers` as ``.csv``, ``.xlsx`` or ``.parquet``.

    An index that is more than numbers comes first, as columns. In CSV, and in a workbook, no cell
    is a formula. Vectors, pictures and sounds are written beside it, and the table tells in which
    files; Parquet has the vectors themselves, too.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    check_rows(path, len(run.calls), kind=kind)
    attached = write_binary_files(run, path)
    if kind == ".csv":
        blocks = answer_blocks(run, size=_BLOCK, attached=attached)
        pieces = (csv_bytes(with_index(each), first=not at) for at, each in enumerate(blocks))
        return write_atomic(path, with_progress(pieces, path, total=len(run.calls), rows=_BLOCK))
    table = answers(run, attached=attached, vectors=kind == ".parquet")
    return write_atomic(path, [_WRITERS[kind](with_index(table))])


def check_rows(path: Path, count: int, *, kind: str | None = None) -> None:
    """Raise ValueError if so many rows are more than the kind of file can hold."""
    if (kind or path.suffix.lower()) == ".xlsx" and count > _MAX_ROWS:
        other = path.with_suffix(".csv")
        raise ValueError(
            f"'{path}' cannot hold the answers to {count:,} prompts: a sheet of Excel has "
            f"{_MAX_ROWS:,} rows below its header. Name a file that ends in .csv, .parquet or "
            f".jsonl, such as '{other}'."
        )


def check_writer(path: Path) -> None:
    """Raise ValueError if what a kind of file is written with is not installed."""
    kinds = {".xlsx": ("Excel", "openpyxl"), ".parquet": ("Parquet", "pyarrow")}
    kind, module = kinds.get(path.suffix.lower(), ("", ""))
    if module and find_spec(module) is None:
        raise ValueError(explain_missing(path, kind) + " , or name a file that ends in .csv")


def csv_bytes(table: pd.DataFrame, *, first: bool = True) -> bytes:
    """Return a table as CSV that Excel opens right: UTF-8 with a byte-order mark, no formulas.

    Parameters
    ----------
    first
        False for rows that follow others in the same file.
    """
    table = _map_texts(table, escape_formula)
    table.columns = [escape_formula(str(name)) for name in table.columns]
    # pandas does not quote a lone carriage return, which would end the line.
    how: Any = {"index": False, "lineterminator": "\n", "quoting": csv.QUOTE_NONNUMERIC}
    data: str = table.to_csv(header=first, **how)
    return data.encode("utf-8-sig" if first else "utf-8")


def escape_formula(text: str) -> str:
    """Return text that no spreadsheet takes for a formula; a number stays as it is."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def with_index(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its index as columns, if it is more than numbers."""
    import pandas as pd

    if isinstance(table.index, pd.RangeIndex) and table.index.name is None:
        return table
    return table.reset_index(allow_duplicates=True)


def _map_texts(table: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """Return a table with its texts changed; lists and objects become JSON."""
    import pandas as pd

    def cell(value: Any) -> Any:
        if isinstance(value, str):
            return change(encodable(value))
        if isinstance(value, dict | list | tuple | set):
            return change(dump(plain_data_of(value)))
        return None if is_missing(value) else value

    changed = table.copy()
    for at in range(table.shape[1]):
        column = table.iloc[:, at]
        if not (pd.api.types.is_numeric_dtype(column) or column.dtype.kind in "mM"):
            cells = [cell(value) for value in column.tolist()]
            changed.isetitem(at, pd.Series(cells, dtype=object).array)
    return changed


def _xlsx_bytes(table: pd.DataFrame) -> bytes:
    import pandas as pd

    table = _map_texts(table, _fit_cell)
    for at in range(table.shape[1]):
        if getattr(table.iloc[:, at].dtype, "tz", None) is not None:  # Excel has no time zones
            table.isetitem(at, table.iloc[:, at].astype(str).array)
    table.columns = [_fit_cell(str(name)) for name in table.columns]
    file = io.BytesIO()
    with pd.ExcelWriter(file, engine="openpyxl") as writer:
        table.to_excel(writer, index=False, sheet_name="answers")
        for row in writer.sheets["answers"].iter_rows():
            for each in row:
                if each.data_type in ("f", "e"):  # a text that looks like a formula, or like #N/A
                    each.data_type = "s"
    return file.getvalue()


def _fit_cell(text: str) -> str:
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if len(text) <= _MAX_CELL else text[: _MAX_CELL - len(_CUT)] + _CUT


def _parquet_bytes(table: pd.DataFrame) -> bytes:
    table.columns = [encodable(str(name)) for name in table.columns]
    for at in range(table.shape[1]):
        column = table.iloc[:, at]
        kinds = {type(each) for each in column if not is_missing(each)}
        if column.dtype == object and (len(kinds) > 1 or str in kinds):
            # A column of Parquet has one type.
            table.isetitem(at, [None if is_missing(each) else _as_text(each) for each in column])
    file = io.BytesIO()
    table.to_parquet(file, index=False)
    return file.getvalue()


def _as_text(value: Any) -> str:
    return encodable(value) if isinstance(value, str) else dump(plain_data_of(value))


_WRITERS: dict[str, Callable[[Any], bytes]] = {
    ".xlsx": _xlsx_bytes,
    ".parquet": _parquet_bytes,
}
