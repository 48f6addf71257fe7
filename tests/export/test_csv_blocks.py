"""CSV that is written some rows at a time: the bytes of the whole table, whatever stands in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import aiml_nb as nb
from aiml_nb.analysis.answers import answers
from aiml_nb.export import answers_files
from aiml_nb.export.answers_files import csv_bytes, with_index, write_answers
from aiml_nb.records import Run

from ..analysis import builders
from ..rows import slow
from ..runner.conftest import connect_faulty
from .test_export import HOSTILE

COUNT = 2 * len(HOSTILE) + 1

# What answers were read as: with members of several types, nested, missing, too many.
RESULTS: dict[str, Sequence[Any]] = {
    "none": [None],
    "members": [{"a": 1, "b": "x"}, None, {"a": 2, "c": {"d": True}}, {"c": {"d": None, "e": []}}],
    "numbers of two types": [{"a": 1}, {"a": 2}, {"a": 1}, {"a": 1}, {"a": 0.5}],
    "a number, and late a text": [{"a": 1}] * 7 + [{"a": "x"}],
    "a number that fits no column": [{"a": 1}] * 7 + [{"a": 2**63}],
    "an object where a number was": [{"a": 1}] * 7 + [{"a": {"b": 2}}],
    "no object": [{"a": 1}] * 7 + ["x"],
    "texts": [*HOSTILE],
    "names that are taken": [{"outcome": 1, "n": "=1", "prompt": "p", "a.b": 1, "a": {"b": 2}}],
    "too many": [{f"m{n}": n for n in range(60)}, {f"n{n}": n for n in range(60)}],
}

TABLES: dict[str, pd.DataFrame] = {
    "texts": pd.DataFrame({"name": pd.Series([*HOSTILE, *HOSTILE, "x"], dtype=object)}),
    "numbers": pd.DataFrame(
        {
            "=n": range(COUNT),
            "some": [None, 1] * (COUNT // 2) + [2],
            "x": [n if n % 4 else n / 7 for n in range(COUNT)],
            "big": [2**70 if n == 9 else n for n in range(COUNT)],
            "is": [n % 3 == 0 for n in range(COUNT)],
        }
    ),
    "mixed": pd.DataFrame(
        {
            "late": pd.Series([1] * (COUNT - 1) + ["\ud800"], dtype=object),
            "of all": pd.Series([None, 1, 1.5, "x", True, [1], {"a": "=1"}] * 50, dtype=object)[
                :COUNT
            ],
            "day": pd.date_range("2024-01-01", periods=COUNT, freq="12h"),
            "none": [None] * COUNT,
        }
    ),
    "named": pd.DataFrame({"outcome": range(COUNT), "error": "e"}).set_index(
        pd.Index([n % 5 for n in range(COUNT)], name="again")
    ),
    "of two levels": pd.DataFrame({"n": range(COUNT)}).set_index(
        pd.MultiIndex.from_arrays([["a"] * COUNT, range(COUNT)], names=["a", None])
    ),
}


def check_blocks(run: Run, path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Check blocks of several sizes beside the whole table; return its first line's names."""
    whole = csv_bytes(with_index(answers(run, as_written=True, vectors=False)))
    for size in (3, 7, 1000):
        monkeypatch.setattr(answers_files, "_BLOCK", size)
        assert write_answers(run, path, kind=".csv").read_bytes() == whole, size
    return whole.decode("utf-8-sig").splitlines()[0].split(",")


def make_run(count: int, results: Sequence[Any] = (None,)) -> Run:
    run = builders.make_run(*(builders.call(0, 1) for _ in range(count)))
    for number, call in enumerate(run.calls):
        call.text, call.prompt = HOSTILE[number % len(HOSTILE)], HOSTILE[-number % len(HOSTILE)]
        call.result = results[number % len(results)]
        if number % 5 == 2:
            call.outcome, call.error, call.result = "error", "=x\n", None
    return run


@pytest.mark.parametrize("name", RESULTS)
def test_what_answers_were_read_as(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_blocks(make_run(COUNT, RESULTS[name]), tmp_path / "x.csv", monkeypatch)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("is_read", [False, True])
def test_the_users_own_columns(
    name: str, is_read: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a DataFrame, and as the rows that a file of the run has of it."""
    run, table = make_run(COUNT), TABLES[name]
    if is_read:
        run = nb.run(table, connect_faulty(faults={2: 400}), prompt="x", journal=tmp_path / "j")
        run.table = None
    else:
        run.table = table

    check_blocks(run, tmp_path / "x.csv", monkeypatch)


def test_prompts_without_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(COUNT)
    for number, call in enumerate(run.calls):
        call.custom_id = f"call-{number + 1:06d}"
    assert "custom_id" not in str(check_blocks(run, tmp_path / "x.csv", monkeypatch))
    run.calls[-1].custom_id = "own"
    assert check_blocks(run, tmp_path / "x.csv", monkeypatch)[0] == '"custom_id"'


def test_labels_of_a_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    series = pd.Series([f"{n}?" for n in range(9)], index=[*"abcdefghi"], name="q")
    run = nb.run(series, nb.connect(scenario="instant", verbose=False), journal=tmp_path / "j")
    for table in (run.table, None):
        run.table = table
        check_blocks(run, tmp_path / "x.csv", monkeypatch)


@pytest.mark.parametrize("kind", ["embeddings", slow("moderations"), slow("images")])
def test_answers_that_are_no_texts(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the first of them failed, which have no numbers."""
    endpoint = connect_faulty(faults={1: 400, 2: 400, 3: 400})
    prompts = [f"{n}?" for n in range(8)]
    run = nb.run(prompts, endpoint, api=kind, strategy="sequential", max_attempts=1, journal=False)

    whole = write_answers(run, tmp_path / "x.csv", kind=".csv").read_bytes()

    monkeypatch.setattr(answers_files, "_BLOCK", 3)
    assert write_answers(run, tmp_path / "x.csv", kind=".csv").read_bytes() == whole


def test_typed_answers_of_a_run_without_texts_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = {"type": "object", "properties": {"mood": {"type": "string"}, "n": {"type": "number"}}}
    typed: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    (tmp_path / "p.jsonl").write_text(
        "".join(json.dumps({"prompt": f"{n}?", "max_tokens": n + 5}) + "\n" for n in range(9))
    )
    run = nb.run(
        tmp_path / "p.jsonl",
        connect_faulty(faults={2: 400}),
        journal=tmp_path / "j.jsonl",
        keep_texts=False,
        response_format=typed,
    )

    names = check_blocks(run, tmp_path / "x.csv", monkeypatch)

    assert names == ['"prompt"', '"mood"', '"n"', '"outcome"', '"error"']


def test_more_rows_than_a_sheet_has_are_refused(tmp_path: Path) -> None:
    run = make_run(1)
    run.calls *= 1_048_576

    with pytest.raises(ValueError, match=r"1,048,576 prompts: a sheet of Excel has 1,048,575 rows"):
        write_answers(run, tmp_path / "x.xlsx", kind=".xlsx")
    assert not [*tmp_path.iterdir()]
