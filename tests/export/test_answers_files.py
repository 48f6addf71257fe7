"""The table of answers as a file: nothing is lost, and no spreadsheet runs what a cell holds."""

from __future__ import annotations

import csv
import datetime as dt
import io
import sys
import tempfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

import aiml_nb as nb
from aiml_nb.export.answers_files import check_writer, write_answers
from aiml_nb.records import Run

from ..analysis import builders
from .test_export import HOSTILE

AFTER = ["answer", "outcome", "error"]


def table_run(table: pd.DataFrame, text: str = "=2+2") -> Run:
    """Return a run over the rows of a table, each answered with the same text."""
    run = builders.make_run(*(builders.call(0, 1, text=text) for _ in range(len(table))))
    run.table = table
    return run


def answers_bytes(run: Run, kind: str) -> bytes:
    """Return what is written of a run."""
    with tempfile.TemporaryDirectory() as folder:
        return write_answers(run, Path(folder) / "answers", kind=kind).read_bytes()


def read_csv(data: bytes) -> list[list[str]]:
    return [*csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))]


def read_xlsx(data: bytes) -> list[list[Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    for row in sheet.iter_rows():
        assert all(cell.data_type not in ("f", "e") for cell in row)
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def test_csv_of_a_run_is_the_table_of_answers(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": pd.Series(HOSTILE, dtype=object), "=n": range(len(HOSTILE))})

    rows = read_csv(nb.to_csv(table_run(table), tmp_path / "x.csv").read_bytes())

    assert rows[0] == ["name", "'=n", *AFTER]
    assert len(rows) == len(HOSTILE) + 1
    for row, text in zip(rows[1:], HOSTILE, strict=True):
        written = text.replace("\ud800", "\N{REPLACEMENT CHARACTER}")
        assert row[0] in (written, f"'{written}")
        assert row[0][:1] not in tuple("=+-@\t\r\0")
        assert row[2] == "'=2+2"
    everything = read_csv(
        nb.to_csv(table_run(table), tmp_path / "y.csv", all_columns=True).read_bytes()
    )
    assert everything[0][:5] == rows[0]
    assert {"started", "duration", "text", "result_prompt", "prompt", "attempts"} - {
        *everything[0]
    } == {"result_prompt"}


def test_a_workbook_holds_the_same_and_runs_nothing() -> None:
    long = "x" * 40_000
    table = pd.DataFrame({"name": pd.Series([*HOSTILE, "#N/A", long, "1"], dtype=object)})

    rows = read_xlsx(answers_bytes(table_run(table), ".xlsx"))

    assert rows[0] == ["name", *AFTER]
    assert len(rows) == len(table) + 1
    assert [row[0] for row in rows[1:4]] == HOSTILE[:3]
    assert [row[0] for row in rows[-3:-1]] == ["#N/A", rows[-2][0]]
    assert rows[-2][0].endswith("[cut: a cell of Excel takes no more]")
    assert len(rows[-2][0]) <= 32_767
    assert {row[1] for row in rows[1:]} == {"=2+2"}


def test_an_index_that_says_something_comes_first() -> None:
    table = pd.DataFrame({"x": ["a", "b"]}, index=pd.Index(["=k", "l"], name="key"))

    assert [row[0] for row in read_csv(answers_bytes(table_run(table), ".csv"))] == [
        *("key", "'=k", "l")
    ]
    assert [row[0] for row in read_xlsx(answers_bytes(table_run(table), ".xlsx"))] == [
        *("key", "=k", "l")
    ]
    found = pd.read_parquet(io.BytesIO(answers_bytes(table_run(table), ".parquet")))
    assert found["key"].tolist() == ["=k", "l"]
    assert list(found.columns) == ["key", "x", *AFTER]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_any_cell_can_be_written(suffix: str) -> None:
    berlin = dt.timezone(dt.timedelta(hours=1))
    table = pd.DataFrame(
        {
            "mixed": [1, "a", None, [1, {"b": 2}], {"c": dt.date(2024, 1, 1)}],
            "when": pd.to_datetime(["2024-01-01"] * 4 + [None]).tz_localize(berlin),
            "kind": pd.Categorical(["x", "y", None, "x", "y"]),
            "whole": pd.array([1, None, 3, 4, 5], dtype="Int64"),
            "flag": pd.array([True, None, False, True, True], dtype="boolean"),
            7: [0.5, None, 1.0, 2.0, float("inf")],
            "bad": pd.Series(["\ud800", "\0", "\x1b[1m", "\u2028", "ok"], dtype=object),
            "list": [[1], [2], None, [3], [4]],
            "date": [dt.date(2024, 1, 1)] * 5,
        }
    )

    data = answers_bytes(table_run(table), suffix)

    if suffix == ".parquet":
        found = pd.read_parquet(io.BytesIO(data))
    elif suffix == ".xlsx":
        found = pd.read_excel(io.BytesIO(data))
    else:
        found = pd.read_csv(io.BytesIO(data))
    assert len(found) == 5
    assert list(found.columns) == [*map(str, table.columns), *AFTER]
    assert found["whole"].isna().tolist() == [False, True, False, False, False]


def test_rows_of_a_file_are_written_as_they_were() -> None:
    run = builders.make_run(*(builders.call(0, 1, text="yes") for _ in range(2)))
    for call, price in zip(run.calls, ["1.50", "2"], strict=True):
        call.row = {"price": price}

    assert [row[0] for row in read_csv(answers_bytes(run, ".csv"))] == ["price", "1.50", "2"]
    assert [row[0] for row in read_xlsx(answers_bytes(run, ".xlsx"))] == ["price", 1.5, 2]


def test_what_is_missing_to_write_a_kind_is_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    check_writer(Path("a.xlsx"))
    check_writer(Path("a.csv"))
    for name, module, extra in (
        ("a.xlsx", "openpyxl", "excel"),
        ("a.parquet", "pyarrow", "parquet"),
    ):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(ValueError, match=rf"pip install 'aiml_nb\[{extra}\]'"):
            check_writer(Path(name))
