"""Find the delimiter of a CSV table: by its header, else by rows of equal length."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

UNNAMED = "Unnamed: "  # begins the name of a column without one, as in pandas
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
PROMPT_NAMES = ("prompt", "prompts")
ID_NAMES = ("custom_id", "id")
HEADER_NAMES = {*PROMPT_NAMES, *ID_NAMES, "question", "questions"}
# The sample for tables without a known header: rows, and characters.
_SAMPLE_ROWS, _SAMPLE_SIZE = 100, 100_000

_ADVICE = (
    'Put a field with quotes in it in quotes, and write each of its own twice: "Say ""hello""".'
)


class MisreadError(ValueError):
    """Tells why a row cannot be read; `cells` are what its first line may have meant."""

    def __init__(self, reason: csv.Error, cells: list[str]) -> None:
        super().__init__(f"is not a line of a table: {reason}. {_ADVICE}")
        self.cells = cells


# The number of its first line, and its cells or why they cannot be read.
Row = tuple[int, list[str] | MisreadError]


def find_delimiter(text: str, path: Path, *, names: Sequence[str] = ()) -> str:
    """Return the delimiter with known names in the header, else with rows of equal length.

    Parameters
    ----------
    names
        Columns that the user has named.
    """
    is_tsv = path.suffix.lower() == ".tsv"
    # In a .tsv file a tab wins against other candidates.
    order = sorted(DELIMITERS, key=lambda each: is_tsv and each != "\t")
    samples = {each: read_sample(text, each) for each in order}
    header_counts = {each: count_names(rows[0], names) for each, rows in samples.items() if rows}
    if most := max(header_counts.values(), default=0):
        return next(each for each, count in header_counts.items() if count == most)
    # Without a known header: a delimiter fits if it gives every row the same number of fields.
    widths = {each: {len(cells) for cells in rows} for each, rows in samples.items()}
    fitting = [each for each, found in widths.items() if len(found) == 1 and max(found) > 1]
    if len(fitting) > 1:
        names = " or ".join(f"a {DELIMITERS[each]}" for each in fitting)
        raise ValueError(
            f"What separates the fields of {str(path)!r} may be {names}. Write the names of its "
            "columns in its first line, separated as they are: id;prompt."
        )
    single = [each for each, found in widths.items() if found == {1}]
    return next(chain(fitting, single, order))


def read_sample(text: str, delimiter: str) -> list[list[str]]:
    """Return the first rows, up to the first that cannot be parsed."""
    sample = text[:_SAMPLE_SIZE]
    if len(sample) < len(text):
        # A row that is cut off at the end of the sample would have too few fields.
        sample = sample[: sample.rfind("\n") + 1] or sample
    found = list[list[str]]()
    for _, cells in parse(sample, delimiter)[:_SAMPLE_ROWS]:
        if isinstance(cells, MisreadError):  # told when the table itself is read
            break
        found.append(cells)
    return found


def count_names(cells: list[str], wanted: Sequence[str] = ()) -> int:
    """Return how many cells are names of a header; 0 if the row may be a prompt."""
    names = set(map(normalize, cells))
    if named := len(names & set(map(normalize, wanted))):
        return named * len(cells)
    if any(cell.endswith(("?", "!", ".")) for cell in names):
        return 0  # "Question, how many?" is a prompt with a comma
    return len(names & HEADER_NAMES)


def parse(text: str, delimiter: str, *, line: int = 1) -> list[Row]:
    """Return the rows that are not blank; in the place of one that cannot be read, what is wrong.

    A misplaced quote is an error, not a guess: what follows is read from the next line on.
    """
    limit = csv.field_size_limit(sys.maxsize)  # a field may be a whole document
    try:
        return [*_parse([*io.StringIO(text, newline="")], delimiter, line)]
    finally:
        csv.field_size_limit(limit)


def _parse(lines: list[str], delimiter: str, number: int) -> Iterator[Row]:
    # Blanks before a cell belong to it, except behind a comma, and before quotes.
    blanks = re.compile(re.escape(delimiter) + ' +"')
    skips = delimiter == "," or any(map(blanks.search, lines))
    begin = 0
    while begin < len(lines):
        rows = csv.reader(
            map(lines.__getitem__, range(begin, len(lines))),
            delimiter=delimiter,
            skipinitialspace=skips,
            strict=True,
        )
        at = begin
        try:
            for cells in rows:
                if any(map(str.strip, cells)):
                    yield number + at, cells
                at = begin + rows.line_num
            return
        except csv.Error as error:
            cells = next(csv.reader([lines[at].rstrip("\r\n")], delimiter=delimiter))
            yield number + at, MisreadError(error, cells)
        begin = at + 1


def normalize(name: str) -> str:
    """Return the name of a column in lower case, with underscores: ``Custom ID`` is the same."""
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def name_columns(header: list[str]) -> list[str]:
    """Return names for all columns, each once, as pandas makes them."""
    names: list[str] = []
    for at, cell in enumerate(header):
        name = known = cell.strip() or f"{UNNAMED}{at}"
        number = 0
        while name in names:
            number += 1
            name = f"{known}.{number}"
        names.append(name)
    return names
