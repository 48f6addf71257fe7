"""Tables as people have them: what is not in the first sheet, or not below the first row."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import aiml_nb as nb

REVIEWS = [["id", "review"], [1, "Great"]]


def write(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def refusal(table: Path | pd.DataFrame) -> str:
    with pytest.raises(ValueError, match="column") as refused:
        nb.run(table, nb.connect(simulate=True, verbose=False), prompt="Classify: {review}")
    return str(refused.value)


@pytest.mark.parametrize(
    "first", [[["A report"]], [["name", "year"], ["x", 1]]], ids=["text", "table"]
)
def test_other_sheets_are_named_where_the_first_has_no_such_column(
    first: list[list[object]], tmp_path: Path
) -> None:
    path = write(tmp_path / "r.xlsx", {"Notes": first, "Reviews": REVIEWS, "More": REVIEWS})

    said = refusal(path)

    assert "Read is the first sheet, 'Notes', and not 'Reviews', 'More'." in said
    assert said.endswith(f"pandas.read_excel({str(path)!r}, sheet_name='Reviews').")


def feedback(kind: str, folder: Path) -> Path | pd.DataFrame:
    """Return a table whose names stand in its third row."""
    path = folder / "r.csv"
    if kind != "workbook":
        path.write_text("Feedback 2026,\n,\nid,review\n1,Great\n")
        return path if kind == "csv" else pd.read_csv(path)
    return write(folder / "r.xlsx", {"Reviews": [["Feedback 2026"], [], *REVIEWS]})


@pytest.mark.parametrize("kind", ["workbook", "csv", "frame"])
def test_names_that_stand_lower_are_told_how_to_read(kind: str, tmp_path: Path) -> None:
    assert refusal(feedback(kind, tmp_path)).endswith(
        "the columns are 'Feedback 2026', 'Unnamed: 1'. Some have no name in the first row. If the "
        "names stand below it, delete the rows above them; in Python pandas reads them with "
        "header=2, for the third row."
    )


def test_a_single_sheet_with_names_says_no_more_than_its_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "r.xlsx", {"Reviews": [["id", "text"], [1, "Great"]]})

    assert refusal(path) == (
        "prompt has {review}, and the columns are 'id', 'text'. Write one of these names in braces."
    )
