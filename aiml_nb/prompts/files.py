"""Split a file of prompts into items with line numbers: JSONL, CSV, a JSON list, or text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic_core import from_json

from ..messages import Message, argument, either
from .binary_formats import explain_binary
from .encodings import find_encoding
from .large_file import can_be_read_by_lines, lines_of
from .tables import begins_with_header, split_table

TABLES = (".csv", ".tsv")
ENDINGS = (".jsonl", ".ndjson", ".json", *TABLES)
LINES = (".jsonl", ".ndjson")
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
PARQUET = (".parquet", ".pq")


def split_file(
    path: Path,
    *,
    header: bool | None = None,
    column: str | int | None = None,
    encoding: str | None = None,
) -> Iterator[tuple[str, object]]:
    """Yield the name of each line (``Line 3``) and its content, or a ValueError in its place.

    Parameters
    ----------
    path
        The file; its suffix tells the format. With an unknown suffix the first line decides: JSONL
        if it is a prompt in JSON, a table if it names columns, else text.
    header, column, encoding
        As in `prompts.read_prompts`.

    Raises
    ------
    ValueError
        If the file as a whole cannot be read.
    """
    kind = path.suffix.lower()
    if (
        kind in LINES
        and encoding is None
        and header is column is None
        and can_be_read_by_lines(path)
    ):
        return ((name, _read_json(line)) for name, line in lines_of(path))
    text = read_text(path, encoding)
    has_table_options = header is not None or column is not None
    if kind in TABLES or (kind not in ENDINGS and (has_table_options or begins_with_header(text))):
        return split_table(text, path, header=header, column=column)
    if has_table_options:
        raise ValueError(
            Message("header and column", "--no-header and --column")
            + f" are for tables, and {str(path)!r} is none. Leave them out."
        )
    return split_items(text, path)


def split_items(text: str, path: Path) -> Iterator[tuple[str, object]]:
    """Yield the items of a file that is no table: JSON lines, a JSON list, or lines of text."""
    kind = path.suffix.lower()
    if kind == ".json":
        return _split_list(text, path)
    if kind in ENDINGS or _begins_with_json(text):
        return ((name, _read_json(line)) for name, line in _split_lines(text))
    return ((name, line.strip()) for name, line in _split_lines(text))


def read_text(path: Path, encoding: str | None) -> str:
    """Return the text of a file; raise ValueError, with what to do, if it has none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"The prompts file {str(path)!r} cannot be read: {error.strerror}."
        ) from None
    # Checked by content and not by suffix: a workbook may be called prompts.csv.
    if (kind := explain_binary(path, data)) is not None:
        raise ValueError(f"The prompts file {str(path)!r} cannot be read as text: it is {kind}")
    used = encoding or find_encoding(data)
    try:
        return data.decode(used)
    except LookupError:
        raise ValueError(
            argument("encoding")
            + f" {encoding!r} is none that Python knows. Name one such as 'utf-8', 'utf-16' "
            "or 'cp1252' (Windows, Western Europe)."
        ) from None
    except UnicodeDecodeError as error:
        reason = _explain_encoding(data, error) if used == "utf-8-sig" else f"it is not {used}."
        raise ValueError(f"The prompts file {str(path)!r} cannot be read: " + reason) from None


def _explain_encoding(data: bytes, error: UnicodeDecodeError) -> str:
    """Return the advice for a file that is not UTF-8, with its bad line read as cp1252."""
    if b"\0" in data:
        return "it is no text: it has zero bytes. Name a file of text."
    before = data[: error.start].split(b"\n")
    line = before[-1] + data[error.start :].partition(b"\n")[0]
    text = line.decode("cp1252", "replace").strip()
    return (
        f"line {len(before)} is not UTF-8. Save it as UTF-8 (in Excel: 'CSV UTF-8'), or, if that "
        f"line is {text[:60]!r}, give " + either("encoding='cp1252'", "--encoding cp1252") + "."
    )


def _split_lines(text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"Line {number}", line


def _read_json(text: str) -> object:
    try:
        return from_json(text)  # three times as fast; what is wrong the other tells better
    except ValueError:
        return _read_slowly(text.removesuffix("\n"))


def _read_slowly(text: str) -> object:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        return ValueError(f"is not JSON: {error}.")


def _begins_with_json(text: str) -> bool:
    first = next((line for _, line in _split_lines(text)), "")
    found = _read_json(first) if first.lstrip().startswith("{") else None
    return isinstance(found, Mapping) and bool({"prompt", "messages", "body"} & found.keys())


def _split_list(text: str, path: Path) -> Iterator[tuple[str, object]]:
    found = _read_json(text)
    if not isinstance(found, list):
        raise ValueError(
            f"{str(path)!r} is not a JSON list of prompts. Write one JSON object per line, and "
            f"call the file '{path.with_suffix('.jsonl')}'."
        )
    return ((f"Prompt {number}", item) for number, item in enumerate(found, 1))
