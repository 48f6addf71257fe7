"""Split a file of prompts into its lines: JSONL, CSV, a JSON list, or text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

TABLES = (".csv", ".tsv")
ENDINGS = (".jsonl", ".ndjson", ".json", *TABLES)
_DELIMITERS = ",;\t"  # spreadsheets write the second one where the comma is a decimal sign
_NAMES = ("custom_id", "id")


def split_file(path: Path) -> Iterator[tuple[str, object]]:
    """Yield the name of each line (``Line 3``) and what it holds, or the ValueError that it is.

    Parameters
    ----------
    path
        The file; its ending tells what it is. One with another ending is text, or JSONL if its
        first line is a prompt in JSON.

    Raises
    ------
    ValueError
        If the file as a whole cannot be read.
    """
    text, kind = _read_text(path), path.suffix.lower()
    if kind in TABLES:
        return _split_table(text, path)
    if kind == ".json":
        return _split_list(text, path)
    if kind in ENDINGS or _begins_with_json(text):
        return ((name, _read_json(line)) for name, line in _split_lines(text))
    return ((name, line.strip()) for name, line in _split_lines(text))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"The prompts file '{path}' cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ValueError(
            f"The prompts file '{path}' cannot be read: it is not UTF-8. Save it as UTF-8 text."
        ) from None


def _split_lines(text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"Line {number}", line


def _read_json(text: str) -> object:
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
            f"'{path}' is no JSON list of prompts. Write one JSON object per line, and call the "
            f"file '{path.with_suffix('.jsonl')}'."
        )
    return ((f"Prompt {number}", item) for number, item in enumerate(found, 1))


def _split_table(text: str, path: Path) -> Iterator[tuple[str, object]]:
    delimiter = _find_delimiter(text)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    try:
        names = list(rows.fieldnames or [])
        column = _find_column(names, path)
        name = next((each for each in _NAMES if each in names and each != column), None)
        for row in rows:
            yield f"Line {rows.line_num}", _read_row(row, column, name, len(names))
    except csv.Error as error:
        raise ValueError(
            f"Line {rows.line_num} of '{path}' is no line of a table: {error}."
        ) from None


def _find_delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    found = (each for each in _DELIMITERS if "prompt" in next(csv.reader([first], delimiter=each)))
    return next(found, ",")


def _find_column(names: list[str], path: Path) -> str:
    if "prompt" in names:
        return "prompt"
    if len(names) == 1 and not set(names[0]) & set(_DELIMITERS):
        return names[0]
    if not names:
        raise ValueError(f"The prompts file '{path}' is empty. Write one prompt per line.")
    raise ValueError(
        f"'{path}' has the columns {', '.join(map(repr, names))[:200]}, and none is called "
        "'prompt'. Rename one."
    )


def _read_row(
    row: Mapping[str | None, object], column: str, name: str | None, width: int
) -> object:
    if None in row:
        return ValueError(
            f"has more fields than the header, which has {width}. "
            "Put a prompt with a comma in double quotes."
        )
    item = {"prompt": row[column]}
    return item | {"custom_id": row[name]} if name else item
