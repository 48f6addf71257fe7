"""A spreadsheet as people keep them: reviews in every kind of file, dirty in known ways."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pandas as pd

_TEXTS = (
    "Sehr gut; schnell, günstig & schön",
    'Er sagte: "größer geht\'s nicht"',
    "Zwei\nZeilen; süß",
    "Fünf\r\nStücke, öfter müde",
    "=SUMME(A1:A9) für Öl",
    "-5 Grad, außen kühl",
    "NA",
    "  Lücke vorn, und hinten  ",
)
_EMOJIS = ("😀 schön", "👩‍👩‍👧 für alle 🎉", "naïve — “déjà vu”… ✅")  # not in Windows-1252


def blanks(rows: int) -> int:
    """Return how many reviews are blank."""
    return rows // 80


def reviews(rows: int, *, emojis: bool = True) -> pd.DataFrame:
    """Return the table: ids are floats, some twice and some missing, and some reviews are blank."""
    draw = random.Random(19)  # noqa: S311  the same table for everybody
    texts: list[Any] = [draw.choice(_TEXTS + _EMOJIS * emojis) for _ in range(rows)]
    for at, row in enumerate(sorted(draw.sample(range(rows), blanks(rows)))):
        texts[row] = (None, "", "   ")[at % 3]
    ids = [float(draw.randrange(rows)) if draw.random() < 0.98 else None for _ in range(rows)]
    return pd.DataFrame(
        {"ID": ids, "review": texts, "price": ["1,50", "007"] * (rows // 2), "stars": range(rows)}
    )


def write(folder: Path, rows: int) -> dict[str, Path]:
    """Write it in every kind, and return the files by their kind."""
    table, plain = reviews(rows), reviews(rows, emojis=False)
    files = {
        "csv": folder / "reviews.csv",
        "utf-16": folder / "unicode.csv",
        "windows": folder / "windows.csv",
        "excel": folder / "reviews.xlsx",
        "parquet": folder / "reviews.parquet",
        "jsonl": folder / "reviews.jsonl",
    }
    table.to_csv(files["csv"], index=False)
    table.to_csv(files["utf-16"], index=False, sep="\t", encoding="utf-16")
    plain.to_csv(files["windows"], index=False, sep=";", encoding="cp1252")
    _write_workbook(table, files["excel"])
    table.to_parquet(files["parquet"], index=False)
    table.to_json(files["jsonl"], orient="records", lines=True)
    return files


def _write_workbook(table: pd.DataFrame, path: Path) -> None:
    """Write a workbook; texts that begin with = are texts, as they are where people type '=."""
    with pd.ExcelWriter(path) as writer:
        table.to_excel(writer, index=False)
        for row in writer.book.active.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    cell.data_type = "s"
