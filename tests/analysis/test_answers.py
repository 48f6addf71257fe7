"""The user's own table comes back as it was, a row for each prompt, with the answers beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import aiml_nb as nb
from aiml_nb.analysis.answers import answers
from aiml_nb.records import Call, Run

from . import builders

TABLE = pd.DataFrame(
    {
        "n": pd.array([1, 2, 3], dtype="int16"),
        "kind": pd.Categorical(["x", "y", "x"]),
        "when": pd.to_datetime(["2024-01-01", "2024-01-02", None]),
        "text": ["é; “a”", "two\nlines 😀", None],
        3: [0.5, None, 1.0],
    },
    index=pd.Index(["a", "b", "c"], name="key"),
)
AFTER = ["answer", "outcome", "error"]
TEXT = str(pd.Series(["a"]).dtype)  # "str"; "object" with pandas 2


@pytest.fixture(scope="module")
def endpoint() -> nb.Endpoint:
    return nb.connect(simulate=True, scenario="instant", verbose=False)


def rows_run(*rows: dict[str, Any] | None, **how: Any) -> Run:
    """Return a run whose calls have these rows, as one that was read from a file."""
    run = builders.make_run(*(builders.call(0, 1, text="yes") for _ in rows), **how)
    for call, row in zip(run.calls, rows, strict=True):
        call.row = row
    return run


def test_a_dataframe_keeps_its_index_its_columns_and_their_types(endpoint: nb.Endpoint) -> None:
    given = TABLE.copy()
    run = nb.run(given, endpoint, prompt="{text} {n}", on_bad="skip")
    found = run.answers()

    pd.testing.assert_frame_equal(found[list(TABLE.columns)], TABLE)
    pd.testing.assert_frame_equal(given, TABLE)
    assert list(found.columns) == [*TABLE.columns, *AFTER]
    assert found["outcome"].tolist() == ["ok", "ok", "not_started"]
    assert found["error"].isna().tolist() == [True, True, False]
    assert found.loc["c", "error"] == "'text' empty in row 'c'"
    assert found["answer"].notna().tolist() == [True, True, False]


Read = Callable[[Run, Path], Run]


@pytest.mark.parametrize(
    "read",
    [
        lambda run, path: nb.read_saved(nb.to_jsonl(run, path, texts=True)),
        lambda run, path: nb.read_saved(run.journal),
        lambda run, path: nb.resume(run.journal),
    ],
    ids=["results", "journal", "resumed"],
)
def test_the_table_comes_back_from_files(read: Read, endpoint: nb.Endpoint, tmp_path: Path) -> None:
    run = nb.run(TABLE, endpoint, prompt="{text}", on_bad="skip", journal=tmp_path / "j.jsonl")
    found = read(run, tmp_path / "x.jsonl").answers()

    pd.testing.assert_index_equal(found.index, TABLE.index)
    assert list(found.columns) == [*map(str, TABLE.columns), *AFTER]
    for name in ("n", "text"):
        assert found[name].fillna("").tolist() == TABLE[name].fillna("").tolist()
    own = run.answers()
    for name in AFTER:
        pd.testing.assert_series_equal(found[name], own[name])


def test_a_series_keeps_its_index_and_its_name(endpoint: nb.Endpoint, tmp_path: Path) -> None:
    series = pd.Series(["Who?", "Why?"], index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)]))

    for given, name in ((series, "prompt"), (series.rename("q"), "q")):
        run = nb.run(given, endpoint)
        found = run.answers()
        pd.testing.assert_series_equal(found[name], given.rename(name))
        assert list(found.columns) == [name, *AFTER]
    again = nb.read_saved(nb.to_jsonl(run, tmp_path / "x.jsonl", texts=True)).answers()
    pd.testing.assert_index_equal(again.index, series.index)
    assert again["prompt"].tolist() == series.tolist()


def test_without_a_table_there_are_the_prompts_and_their_names() -> None:
    run = builders.make_run(builders.call(0, 1, text="A."), builders.call(), prompts=["Q?", "R?"])
    for number, call in enumerate(run.calls, 1):
        call.custom_id = f"call-{number:06d}"

    assert list(answers(run).columns) == ["prompt", *AFTER]
    run.calls[1].custom_id = "mine"
    assert list(answers(run).columns) == ["custom_id", "prompt", *AFTER]
    assert answers(run)["prompt"].tolist() == ["Q?", "R?"]


def test_names_that_are_taken_get_a_prefix() -> None:
    row = {"answer": 1, "outcome": 2, "result_outcome": 3, "error": 4}

    found = answers(rows_run(row))

    ours = ["result_answer", "result_result_outcome", "result_error"]
    assert list(found.columns) == [*row, *ours]
    assert found.iloc[0, :4].tolist() == [1, 2, 3, 4]
    assert found["result_answer"].tolist() == ["yes"]


def test_what_functions_return_has_its_columns(endpoint: nb.Endpoint) -> None:
    run = nb.run(TABLE, lambda row: {"double": row["n"] * 2, "kind": "z", "error": "no"})

    found = run.answers()

    assert found["double"].tolist() == [2, 4, 6]
    assert found["result_kind"].tolist() == ["z"] * 3
    assert found["result_error"].tolist() == ["no"] * 3
    assert found["error"].isna().all()


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "2"], "int64", [1, 2]),
        (["1", None], "Int64", [1, pd.NA]),
        (["1.50", "2"], "float64", [1.5, 2.0]),
        (["007", "2"], TEXT, ["007", "2"]),
        (["1e5", "2"], TEXT, ["1e5", "2"]),
        (["1,5", "2"], TEXT, ["1,5", "2"]),
        (["12345678901234567", "2"], TEXT, ["12345678901234567", "2"]),
        (["NA", "null"], TEXT, ["NA", "null"]),
        ([1, None], "Int64", [1, pd.NA]),
        ([2**70, None], "object", [2**70, None]),
        ([True, None], "boolean", [True, pd.NA]),
        ([1, "a"], "object", [1, "a"]),
        ([None, None], "object", [None, None]),
        ([[1], {"a": 2}], "object", [[1], {"a": 2}]),
        (["\ud800", None], TEXT, ["\N{REPLACEMENT CHARACTER}", None]),
    ],
)
def test_cells_of_files_get_the_type_that_loses_nothing(
    cells: list[Any], kind: str, values: list[Any]
) -> None:
    found = answers(rows_run(*({"x": cell} for cell in cells)))["x"]

    assert str(found.dtype) == kind
    known = [each is not None and each is not pd.NA for each in values]
    assert found.notna().tolist() == known
    assert found[found.notna()].tolist() == [each for each in values if each is not pd.NA and each]


def test_cells_of_files_may_stay_as_they_were_written() -> None:
    run = rows_run({"x": "1.50"}, {"x": "2"})

    assert answers(run, as_written=True)["x"].tolist() == ["1.50", "2"]


def test_rows_that_some_calls_lack_are_missing() -> None:
    found = answers(rows_run({"x": 1}, None, {"y": "b"}))

    assert found["x"].isna().tolist() == [False, True, True]
    assert found["y"].isna().tolist() == [True, True, False]
    assert len(found) == 3


def test_what_failed_says_why() -> None:
    calls = [
        builders.call(0, 1, text="half", outcome="incomplete", error="cut"),
        builders.call(0, 1, text="half", outcome="error", error=None, error_type="500"),
        builders.call(outcome="not_started"),
    ]
    found = answers(builders.make_run(*calls))

    assert found["answer"].tolist() == ["half", pd.NA, pd.NA]
    assert found["error"].tolist() == ["cut", "500", pd.NA]


def test_a_table_that_is_not_of_these_calls_is_not_used() -> None:
    run = rows_run({"x": 1}, {"x": 2})
    run.table = TABLE

    assert answers(run)["x"].tolist() == [1, 2]
    assert isinstance(run.calls[0], Call)
