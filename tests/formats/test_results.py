"""Results are rows that stand by themselves, and a run comes back from them."""

from __future__ import annotations

import json
import warnings
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aiml_nb as nb
from aiml_nb.export.comparison_json import comparison_to_dict, to_json
from aiml_nb.formats.codec import OPTIONAL_FIELDS
from aiml_nb.formats.journal import call_to_dict, footer, header
from aiml_nb.formats.journal_run import run_from_journal
from aiml_nb.formats.results import encode_rows, read_row, run_from_rows
from aiml_nb.records import Call, Comparison, LoopDelay

from ..analysis.builders import call, make_run
from .test_lines import calls
from .test_saved import full_run


def read_rows(path: Path) -> list[dict[str, Any]]:
    with path.open() as file:
        return [json.loads(line) for line in file]


def test_each_line_is_a_row_and_has_what_is_known_of_the_call(tmp_path: Path) -> None:
    run = full_run()
    rows = read_rows(nb.to_jsonl(run, tmp_path / "x.jsonl", texts=True))

    assert [row["index"] for row in rows] == [0, 1, 2]
    for row, made in zip(rows, run.calls, strict=True):
        for each in fields(Call):
            if each.name not in {"error", "attempts", "body", *OPTIONAL_FIELDS}:
                assert row[each.name] == getattr(made, each.name)
        assert isinstance(row["attempts"], list)
        assert len(row["attempts"]) == len(made.attempts)
        assert row["run"]["run_id"] == "r1"
        assert row.keys().isdisjoint(OPTIONAL_FIELDS)  # a chat completion has none of them
    assert ["limit_history" in row["run"] for row in rows] == [True, False, False]


def test_a_call_of_another_kind_has_its_children_and_result_in_its_row(tmp_path: Path) -> None:
    child = call(0.2, 0.8, text="Yes.", prompt="Is it?", api="responses")
    made = call(0, 1, api="function", children=[child], result={"answer": "Yes."})
    with_texts = nb.to_jsonl(make_run(made), tmp_path / "x.jsonl", texts=True)
    without = nb.to_jsonl(make_run(made), tmp_path / "y.jsonl", texts=False)

    assert nb.read_saved(with_texts).calls == [made]
    (row,) = read_rows(without)
    assert "Yes." not in json.dumps(row)
    assert "Is it?" not in json.dumps(row)
    assert row["children"][0]["started"] == 0.2


def test_the_time_for_which_a_run_held_its_calls_back_is_read_again(tmp_path: Path) -> None:
    run = make_run(call(0, 1))
    without = nb.to_jsonl(run, tmp_path / "without.jsonl").read_text()
    run.held_time = 2.5

    assert "held_time" not in without
    assert nb.read_saved(nb.to_jsonl(run, tmp_path / "x.jsonl")).held_time == 2.5  # type: ignore[union-attr]
    lines = [header(run), call_to_dict(run.calls[0]), footer(run)]
    assert run_from_journal(lines).held_time == 2.5
    saved = tmp_path / "pair.json"
    saved.write_text(to_json(comparison_to_dict(Comparison(pairs=[(run, run)]))))
    assert nb.read_saved(saved).sync.held_time == 2.5  # type: ignore[union-attr]


def test_who_held_the_loop_is_read_again(tmp_path: Path) -> None:
    run = make_run(call(0, 1))
    without = nb.to_jsonl(run, tmp_path / "without.jsonl").read_text()
    delay = LoopDelay(started=0.1, duration=0.5, function="save", file="notes.py", line=3)
    run.loop_delays = [delay]

    assert "loop_delays" not in without
    assert nb.read_saved(nb.to_jsonl(run, tmp_path / "x.jsonl")).loop_delays == [delay]  # type: ignore[union-attr]
    lines = [header(run), call_to_dict(run.calls[0]), footer(run)]
    assert run_from_journal(lines).loop_delays == [delay]
    saved = tmp_path / "pair.json"
    saved.write_text(to_json(comparison_to_dict(Comparison(pairs=[(run, run)]))))
    assert nb.read_saved(saved).sync.loop_delays == [delay]  # type: ignore[union-attr]


def test_programs_that_read_openais_batch_output_read_it(tmp_path: Path) -> None:
    run = make_run(
        call(0, 1, text="Yes.", input_tokens=3, output_tokens=2),
        call(0, 1, outcome="error", error_type="400", error="Bad."),
    )
    good, bad = read_rows(nb.to_jsonl(run, tmp_path / "x.jsonl", texts=True))

    body = good["response"]["body"]
    assert body["choices"][0]["message"]["content"] == "Yes."
    assert body["usage"]["total_tokens"] == 5
    assert good["error"] is None
    assert bad["error"] == {"code": "400", "message": "Bad."}


def test_pandas_makes_a_table_of_them(tmp_path: Path) -> None:
    path = nb.to_jsonl(full_run(), tmp_path / "x.jsonl", texts=True)
    table = pd.read_json(path, lines=True)

    assert table["outcome"].tolist() == [each.outcome for each in full_run().calls]


@settings(deadline=None)
@given(st.lists(calls, min_size=1, max_size=4))
def test_any_run_comes_back_as_it_was(made: list[Call]) -> None:
    made = [replace(each, index=index) for index, each in enumerate(made)]
    run = replace(full_run(), calls=made)
    lines = [line.decode("ascii") for line in encode_rows(run)]

    assert all(line.count("\n") == 1 for line in lines)
    assert run_from_rows(list(map(read_row, lines))) == run


def test_some_of_the_rows_are_a_run_of_these_calls(tmp_path: Path) -> None:
    run = full_run()
    path = nb.to_jsonl(run, tmp_path / "x.jsonl", texts=True)
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True)[::2])))

    assert nb.read_saved(path) == replace(run, calls=[run.calls[0], run.calls[2]])


def test_one_row_is_a_run(tmp_path: Path) -> None:
    run = make_run(call(0, 1, text="Yes."))

    assert nb.read_saved(nb.to_jsonl(run, tmp_path / "x.jsonl", texts=True)) == run


def test_a_torn_row_is_told_and_passed_over(tmp_path: Path) -> None:
    path = nb.to_jsonl(full_run(), tmp_path / "x.jsonl", texts=True)
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.warns(UserWarning, match="damaged in line 3"):
        read = nb.read_saved(path)

    assert isinstance(read, nb.Run)
    assert len(read.calls) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"run": {"version": 2}}, 'must have "version": 1'),
        ({"run": {"version": 1}}, "not those of a run"),
        ({"attempts": 7}, "not those of a run"),
        ({"outcome": "fine"}, "outcome cannot be"),
        ({"error": "Bad."}, "not those of a run"),
        ({"text": 7}, "text cannot be 7"),
    ],
)
def test_rows_of_another_kind_are_refused_in_a_sentence(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = nb.to_jsonl(make_run(call(0, 1)), tmp_path / "x.jsonl")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))

    with pytest.raises(ValueError, match=f"cannot be read.*{said}"):
        nb.read_saved(path)


def test_two_runs_in_one_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(
        b"".join([*encode_rows(full_run()), *encode_rows(replace(full_run(), run_id="r2"))])
    )

    with warnings.catch_warnings(), pytest.raises(ValueError, match="rows of several runs"):
        nb.read_saved(path)
