"""One row of JSON per call, each complete in itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..formats.atomic import write_atomic
from ..formats.results import encode_rows
from ..records import Comparison, Grid, Run
from .binary_files import write_binary_files
from .left_out import say_unwritable, say_without_results
from .named_runs import FilePath
from .progress import with_progress


def to_jsonl(run: Run | Grid, path: FilePath, *, texts: bool = False, inline: bool = False) -> Path:
    """Write one row of JSON per call, each complete in itself; `formats.results` names its members.

    `read_saved` gives the run back as it was, and `plot_timeline` takes the file's name.

    Parameters
    ----------
    run
        The run; or a grid, whose runs follow each other in one file.
    path
        Where to; replaced as a whole.
    texts
        True writes prompts, answers, what functions returned and the words of errors as well. One
        line says so where that leaves results of functions out. Vectors, pictures and sounds are
        then in files beside it (`export.binary_files`), and a line says where.
    inline
        True leaves them in the rows, as the server sent them.

    Raises
    ------
    OSError
        If the file cannot be written.
    TypeError
        If it is not a run.
    """
    if isinstance(run, Grid):
        return write_atomic(Path(path), _grid_rows(run, texts=texts))
    if not isinstance(run, Run):
        advice = "Give it what run() returned."
        if isinstance(run, Comparison):
            advice = (
                "Write its runs one by one: to_jsonl(result.sync, …), "
                "to_jsonl(result.concurrent, …)."
            )
        elif isinstance(run, Mapping) and run:
            advice = (
                f"Write each to a file of its own, as with to_jsonl(runs[{next(iter(run))!r}], …)."
            )
        elif isinstance(run, Sequence) and run and all(isinstance(each, Run) for each in run):
            advice = "Write each to a file of its own, as with to_jsonl(runs[0], …)."
        raise TypeError(f"to_jsonl() writes one run, not a {type(run).__name__}. {advice}")
    attached = write_binary_files(run, Path(path)) if texts and not inline else {}
    rows = encode_rows(run, texts=texts, attached=attached)
    written = write_atomic(Path(path), with_progress(rows, Path(path), total=len(run.calls)))
    if texts:
        say_unwritable(run, written)
    else:
        say_without_results([run], written, writer="to_jsonl")
    return written


def _grid_rows(grid: Grid, *, texts: bool) -> Iterator[bytes]:
    for name, run in grid.runs.items():
        yield from encode_rows(
            replace(run, variant=name), texts=texts, varied=grid.variants.get(name, {})
        )
