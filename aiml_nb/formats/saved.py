"""Read back what was saved: the JSON of ``aiml-nb compare``, the rows of a run, a journal."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import JournalError
from ..no_collection import no_collection
from ..records import Comparison, Grid, Run
from .codec import from_dict
from .journal import call_from_dict
from .journal_run import known_settings, run_from_journal
from .journal_sections import stand_in
from .lines import decode, decode_edited, parse, split_lines
from .results import grid_from_rows, is_row, read_row, run_from_rows
from .stored_run import read_stored_run


def read_saved(path: str | os.PathLike[str], *, keep_texts: bool = True) -> Run | Comparison | Grid:
    """Read a run, a comparison or a grid from a file.

    Parameters
    ----------
    path
        What ``aiml-nb compare --json`` wrote (a comparison, or one of its runs), the JSONL of
        ``aiml-nb run`` and `to_jsonl`, or a journal.
    keep_texts
        False leaves the texts of a run in the file, which must stay where it is: they are read from
        it when somebody asks for them. Comparisons and grids are read whole.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is none of these.

    Warns
    -----
    UserWarning
        If lines are damaged, as one is where a program was killed. They are skipped: what
        they held is missing.
    """
    try:
        with no_collection():
            stored = None if keep_texts else read_stored_run(Path(path))
            run, damaged, edited = stored or _read(split_lines(Path(path).read_bytes()))
    except (JournalError, ValueError) as error:
        if Path(path).suffix.lower() == ".csv":
            raise ValueError(
                f"{str(path)!r} is a table, and no run can be read from it: it holds no attempts. "
                "Read it with pandas.read_csv(), and keep runs with aiml_nb.to_jsonl()."
            ) from None
        raise ValueError(
            f"{str(path)!r} cannot be read. {error} Expected is what 'aiml-nb compare --json', "
            "'aiml-nb run' or aiml_nb.to_jsonl() wrote, or a journal."
        ) from None
    for numbers, what in (
        (damaged, "what is written there is missing"),
        (edited, "their checksums do not match, and they are taken as they are"),
    ):
        if numbers:
            shown = ", ".join(map(str, numbers[:5])) + (", …" if len(numbers) > 5 else "")
            warnings.warn(f"{str(path)!r} is damaged in line {shown}: {what}.", stacklevel=2)
    return run


def _read(lines: list[str]) -> tuple[Run | Comparison | Grid, list[int], list[int]]:
    """Return the contents of a file, and the numbers of its damaged and its edited lines."""
    texts = [*filter(str.strip, lines)] or [""]
    first = _parse_or_none(texts[0])
    whole = first if len(texts) == 1 else None
    if first is None:  # the first line is not JSON by itself: perhaps the whole file is
        whole = _parse_or_none("\n".join(lines))
    if not _is_header(first):
        if isinstance(whole, dict) and not (is_row(whole) or _is_header(whole)):
            return _read_whole(whole), [], []
        rows, damaged = _read_lines(lines, read_row)
        if rows:
            return grid_from_rows(rows) or run_from_rows(rows), damaged, []
    records, damaged = _read_lines(lines, decode, damaged_as=stand_in)
    if not damaged:
        with suppress(ValueError):  # a line with a matching checksum may still not be a record
            return run_from_journal(records), [], []
    # Other programs may have rewritten the file, without the checksums.
    records, unread = _read_lines(lines, _read_checked, damaged_as=stand_in)
    return run_from_journal(records), unread, [n for n in damaged if n not in unread]


def _parse_or_none(text: str) -> object:
    try:
        return parse(text)
    except ValueError:
        return None


def _is_header(data: object) -> bool:
    return isinstance(data, dict) and "aiml_nb_journal" in data


def _read_checked(line: str) -> dict[str, Any]:
    try:
        record = decode(line)
    except ValueError:
        record = decode_edited(line)
    if "timing" in record:
        call_from_dict(record)
    return record


def _read_lines(
    lines: list[str],
    read: Callable[[str], dict[str, Any]],
    *,
    damaged_as: Callable[[str], dict[str, Any] | None] = lambda _: None,
) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the lines that can be read, and the numbers of those that cannot.

    Parameters
    ----------
    damaged_as
        Returns what stands for a damaged line, or None for nothing.
    """
    found, damaged = [], []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                found.append(read(line))
            except ValueError:
                damaged.append(number)
                found += filter(None, [damaged_as(line)])
    return found, damaged


def _read_whole(data: Mapping[str, Any]) -> Run | Comparison:
    try:
        if "calls" in data:
            return _read_run(data, {})
        about = {
            "base_url": data.get("endpoint"),
            "simulated": data.get("simulated"),
            "seed": data.get("seed"),
        }
        pairs = data.get("pairs") or [[data["sync"], data["concurrent"]]]
        return Comparison(
            pairs=[(_read_run(sync, about), _read_run(other, about)) for sync, other in pairs]
        )
    except (AttributeError, KeyError, TypeError):
        raise ValueError("It is JSON, but holds no run and no comparison.") from None
    except ValueError as error:
        raise ValueError(f"It is JSON, but holds no run and no comparison: {error}") from None


def _read_run(data: Mapping[str, Any], about: Mapping[str, Any]) -> Run:
    fields = known_settings({**about, **data}) | {"loop_lag_max": data.get("loop_lag_max")}
    fields["held_time"] = data.get("held_time") or 0.0
    fields["loop_delays"] = data.get("loop_delays") or []
    fields["calls"] = [_fields_of_call(call) for call in data["calls"]]
    run = from_dict(Run, fields)
    # The JSON of compare does not say it, and every streamed answer has a first token.
    run.stream = any(call.first_token is not None for call in run.calls)
    return run


def _fields_of_call(data: Mapping[str, Any]) -> dict[str, Any]:
    attempts = data.get("attempts") or []
    return {"custom_id": f"call-{data['index'] + 1:06d}", **data, "attempts": attempts}
