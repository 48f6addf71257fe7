"""One line of CSV per call, for spreadsheets and pandas."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..analysis import call_table
from ..analysis.frames import column
from ..analysis.table import CALL_TABLE, request_parameters
from ..formats.atomic import write_atomic
from ..records import Run
from .named_runs import FilePath, Written, named_runs

if TYPE_CHECKING:
    import pandas as pd

# How cells begin that a spreadsheet would run as a formula, in full width too.
_FORMULA = re.compile("[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)? *", re.ASCII | re.IGNORECASE)
_TEXTS = ("prompt", "text", "error", "tool_calls", "reasoning")


def to_csv(shown: Written, path: FilePath, *, texts: bool = False) -> Path:
    """Write one line per call, for spreadsheets and pandas.

    The columns are those of `analysis.call_table` and before them ``run``: the strategy, or
    ``sync`` and ``async`` (numbered from the second pair on: ``sync 2``). A text that a
    spreadsheet would take for a formula gets an apostrophe before it; a number stays as it is. The
    file is UTF-8 with a byte-order mark, without which Excel would take it for another encoding.
    Read it with ``pandas.read_csv(path, keep_default_na=False, na_values=[""])``: an empty cell is
    missing.

    Parameters
    ----------
    shown
        A run, a comparison with all its pairs, or several runs, named by the keys of a dictionary.
    path
        Where to; replaced as a whole.
    texts
        True writes prompts, answers, what functions returned and the words of errors as well; of
        request parameters numbers, switches and the model are always written.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    import pandas as pd

    frames = [_labelled(name, run, texts=texts) for name, run in named_runs(shown)]
    table = pd.concat(frames, ignore_index=True)
    for name in table.columns:
        if table[name].dtype == "string":
            table[name] = table[name].map(_escape_formula, na_action="ignore")
    table.columns = [_escape_formula(name) for name in table.columns]
    # pandas does not quote a lone carriage return, which would end the line.
    data = table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return write_atomic(Path(path), [data.encode("utf-8-sig")])


def _labelled(name: str, run: Run, *, texts: bool) -> pd.DataFrame:
    table = call_table(run)
    table.insert(0, "run", name)
    table["run"] = table["run"].astype("string")
    if texts:
        return table
    table["parameters"] = column(request_parameters(run, texts=False), "string")
    results = [name for name in table.columns if name not in CALL_TABLE]
    return table.drop(columns=[*_TEXTS, *results])


def _escape_formula(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
