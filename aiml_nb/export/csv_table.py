"""A run as CSV: the answers beside the user's own columns, or all that is known of each call."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analysis import call_table
from ..analysis.answer_columns import number_columns
from ..analysis.answers import answers, own_columns
from ..analysis.frames import column
from ..analysis.table import CALL_TABLE, request_parameters
from ..formats.atomic import write_atomic
from ..records import Run
from .answers_files import csv_bytes, with_index, write_answers
from .binary_files import write_binary_files
from .left_out import say_without_results
from .named_runs import FilePath, Written, named_runs

if TYPE_CHECKING:
    import pandas as pd

_TEXTS = ("prompt", "text", "error", "tool_calls", "reasoning")


def to_csv(
    shown: Written, path: FilePath, *, texts: bool | None = None, all_columns: bool = False
) -> Path:
    """Write one line per call, for spreadsheets and pandas.

    Of a run, the table of `Run.answers`: the user's own columns, then the answers; an index that is
    more than numbers comes first. With `all_columns` or `texts`, and of a comparison or several
    runs, all that is known of each call: the columns of `analysis.call_table` and before them
    ``run``: the strategy, or ``sync`` and ``async`` (numbered from the second pair on: ``sync 2``).

    A text that a spreadsheet would take for a formula gets an apostrophe before it; a number stays
    as it is. The file is UTF-8 with a byte-order mark, without which Excel would take it for
    another encoding. Read it with ``pandas.read_csv(path, keep_default_na=False, na_values=[""])``:
    an empty cell is missing.

    Parameters
    ----------
    shown
        A run, a comparison with all its pairs, or several runs, named by the keys of a dictionary.
    path
        Where to; replaced as a whole.
    texts
        With all that is known, whether to write prompts, answers, what functions returned and the
        words of errors; of request parameters numbers, switches and the model are always written.
        None writes them with `all_columns`; else one line says so where that leaves results of
        functions out. Vectors, pictures and sounds of one run are in files beside it, as for
        `to_jsonl`, unless this is False.
    all_columns
        Write all that is known of each call; after the answers, if there is a table of the user's.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    if isinstance(shown, Run) and texts is None and not all_columns:
        return write_answers(shown, Path(path), kind=".csv")
    attached = {}
    if isinstance(shown, Run) and texts is not False:
        attached = write_binary_files(shown, Path(path))
    import pandas as pd

    is_chosen, texts = texts is not None, all_columns if texts is None else texts
    named = named_runs(shown)
    frames = [_labelled(name, run, texts=texts) for name, run in named]
    if all_columns and texts and isinstance(shown, Run) and own_columns(shown):
        frames = [_beside_answers(shown, frames[0], attached)]
    written = write_atomic(Path(path), [csv_bytes(pd.concat(frames, ignore_index=True))])
    if not (texts or is_chosen):
        say_without_results([run for _, run in named], written, writer="to_csv")
    return written


def _labelled(name: str, run: Run, *, texts: bool) -> pd.DataFrame:
    table = call_table(run)
    table.insert(0, "run", name)
    table["run"] = table["run"].astype("string")
    if texts:
        return table
    table["parameters"] = column(request_parameters(run, texts=False), "string")
    known = CALL_TABLE | number_columns(run.calls).keys()
    results = [name for name in table.columns if name not in known]
    return table.drop(columns=[*_TEXTS, *results])


def _beside_answers(
    run: Run, calls: pd.DataFrame, attached: Mapping[int, Mapping[str, Any]]
) -> pd.DataFrame:
    """Return the table of answers with all that is known of the calls behind it."""
    table = with_index(answers(run, as_written=True, attached=attached, vectors=False))
    for name in calls.columns:
        if name in CALL_TABLE and name not in ("outcome", "error"):
            shown = name
            while shown in table.columns:
                shown = f"result_{shown}"
            table[shown] = calls[name]
    return table
