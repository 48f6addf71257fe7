"""The table of faults can be printed, and a row that fails is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from . import fault_table
from .test_faults import ROWS, STOPPING


def test_every_row_of_the_table_is_measured_or_has_tests() -> None:
    measured = {int(row.number) for row in ROWS} | {number for number, _ in STOPPING}

    assert measured | fault_table.TESTS.keys() == set(fault_table.ALL)
    for _, node in fault_table.TESTS.values():
        file, _, name = node.partition("::")
        text = (Path(__file__).parents[1] / file).read_text()
        assert f"def {name}" in text or f"class {name}" in text


def test_it_has_a_line_for_each_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert fault_table.main(["3", "5", "48"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:-2]] == ["3", "3", "5", "5", "5", "48", "48"]
    assert "error: 408" in lines[1]
    assert lines[1].split()[-3:] == ["3", "3", "ok"]  # what the server counted, sync and async
    assert "Rows passed: 3 of 3." in lines[-1]


def test_a_row_that_is_not_kept_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [replace(row, attempts=7) for row in ROWS if row.fault == "bad-json"]
    monkeypatch.setattr(fault_table, "ROWS", rows)

    assert fault_table.main(["17"]) == 1
    assert "FAILED" in capsys.readouterr().out
