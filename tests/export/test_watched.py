"""What a watch or a function leaves is written, read again and looked at as any run."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import BaseModel

import aiml_nb as nb
from aiml_nb.analysis import call_table, children_table
from aiml_nb.export import comparison_to_dict, run_to_dict, to_json
from aiml_nb.records import Comparison, Run

from ..analysis import watched
from ..analysis.builders import call, item, make_run, step, timed, watch_run

RUNS: dict[str, Callable[[], Run]] = {
    "faq sync": watched.faq_sync,
    "faq concurrent": watched.faq_concurrent,
    "mixed": watched.mixed,
    "retries": watched.hidden_retries,
    "unfinished": watched.unfinished,
    "chain": lambda: watched.chain(9, slots=3),
    "agents": lambda: watched.agents(4),
    "many": lambda: watched.many(100),
    "hostile items": lambda: make_run(*watched.hostile_items()),
    "hostile watch": lambda: watch_run(*watched.hostile_items()),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("texts", [True, False], ids=["texts", "numbers"])
def test_a_run_is_read_as_it_was_written(name: str, texts: bool, tmp_path: Path) -> None:
    run = RUNS[name]()
    again = nb.read_saved(nb.to_jsonl(run, tmp_path / "run.jsonl", texts=texts))

    assert isinstance(again, Run)
    assert again.strategy == run.strategy
    assert len(again.children_frame()) == len(run.children_frame())
    if texts:
        assert again.calls == run.calls
    of_texts = ["usage_measures_text", "characters_per_second"]
    before, after = (each.summary().drop(columns=of_texts) for each in (run, again))
    pd.testing.assert_frame_equal(before, after)
    figures = [nb.plot_timeline(each) for each in (run, again)]
    counts = [
        [(c.get_gid(), len(c.get_paths())) for axes in figure.axes for c in axes.collections]
        for figure in figures
    ]
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_shown_told_compared_forecast_and_written(name: str, tmp_path: Path) -> None:
    run = RUNS[name]()
    bundle = run._repr_mimebundle_()
    table = run.to_frame()

    assert set(bundle) == {"image/png", "text/html", "text/plain"}
    assert "<b>" not in bundle["text/html"]
    assert "<i>" not in bundle["text/html"]
    assert len(table) == len(run.calls)
    assert len(run.attempts_frame()) == sum(len(each.attempts) for each in run.calls)
    assert len(nb.compare_strategies([run, run])) == 2
    assert nb.what_if(run, max_concurrency=[1, 2]).makespans[0] > 0
    assert nb.to_chrome_trace(run, tmp_path / "trace.json").stat().st_size > 0
    path = nb.to_csv(run, tmp_path / "run.csv", texts=True)
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file))) == len(run.calls) + 1
    assert to_json(run_to_dict(run))


def test_a_comparison_of_functions_is_read_as_it_was_written(tmp_path: Path) -> None:
    sync = make_run(item(0, 1, call(0, 1)), strategy="sequential", max_concurrency=1)
    pair = Comparison(pairs=[(sync, make_run(item(0, 1, step("s", 0, 1, call(0, 1)))))])
    (tmp_path / "pair.json").write_text(to_json(comparison_to_dict(pair)))
    again = nb.read_saved(tmp_path / "pair.json")

    assert isinstance(again, Comparison)
    assert [run.calls for run in again.pairs[0]] == [run.calls for run in pair.pairs[0]]


def test_two_watched_runs_are_one_trace_in_the_order_of_the_comparison(tmp_path: Path) -> None:
    runs = [watched.faq_concurrent(), watched.faq_sync()]
    data = nb.to_chrome_trace(runs, tmp_path / "trace.json").read_text()

    assert data.index('"in turn"') < data.index('"at once"')


def test_only_where_kinds_differ_from_chat_there_is_a_column_for_them() -> None:
    plain, mixed = watch_run(*timed((0, 1))), watched.mixed()

    assert "api" not in call_table(plain)
    assert "api" not in plain.attempts_frame()
    assert [*call_table(mixed)][:3] == ["index", "custom_id", "api"]
    assert call_table(mixed)["api"].tolist() == [each.api for each in mixed.calls]
    assert mixed.attempts_frame()["api"].tolist() == [each.api for each in mixed.calls]


def test_what_is_within_calls_is_a_table_of_its_own() -> None:
    inner = call(0.5, 1.5, first_token=1.0, model="m", api="responses", prompt="p")
    run = make_run(call(0, 1), item(0, 2, step("draft", 0, 2, inner)))
    table = run.children_frame()

    assert table[["index", "depth", "api", "prompt"]].values.tolist() == [
        [1, 1, "step", "draft"],
        [1, 2, "responses", "p"],
    ]
    assert table["duration"].tolist() == [2.0, 1.0]
    assert table["attempts"].tolist() == [1, 1]
    assert len(children_table(make_run(call(0, 1)))) == 0


class Flight(BaseModel):
    """What a function may return."""

    city: str
    stops: int


@dataclass
class Fare:
    """The same."""

    price: float
    tags: list[str]


def returned(*results: Any) -> pd.DataFrame:
    return make_run(*(item(0, 1, result=result) for result in results)).to_frame()


def test_models_and_dictionaries_are_columns() -> None:
    table = returned(Flight(city="Oslo", stops=1), None, {"city": "Rome", "late": True})

    assert table["city"].tolist() == ["Oslo", pd.NA, "Rome"]
    assert table["stops"].tolist() == [1, pd.NA, pd.NA]
    assert table["late"].tolist() == [pd.NA, pd.NA, True]
    assert [str(table[name].dtype) for name in ("city", "stops", "late")] == [
        *("string", "Int64", "boolean"),
    ]


def test_dataclasses_are_columns_and_lists_in_them_json() -> None:
    table = returned(Fare(price=1.5, tags=["a", "b"]), Fare(price=2, tags=[]))

    assert table["price"].tolist() == [1.5, 2.0]
    assert table["tags"].tolist() == ['["a", "b"]', "[]"]


def test_other_results_are_one_column() -> None:
    assert returned("a", None)["result"].tolist() == ["a", pd.NA]
    assert returned(1, 2.5)["result"].tolist() == [1.0, 2.5]
    assert returned("a", {"b": 1})["result"].tolist() == ['"a"', '{"b": 1}']
    assert returned(2**70)["result"].tolist() == [str(2**70)]
    assert "result" not in returned(None)
    assert returned({str(i): i for i in range(1000)})["result"].str.len().tolist() > [1000]


def test_results_that_no_table_takes_are_told_all_the_same(tmp_path: Path) -> None:
    endless: list[Any] = []
    endless.append(endless)
    run = make_run(
        item(0, 1, result=endless), item(0, 1, result={"a\ud800": "b\ud800", "=1+1": object()})
    )

    assert len(run.to_frame()["result"]) == 2
    only = make_run(item(0, 1, result={"a\ud800": "b\ud800", "=1+1": "=1+1"}))
    written = nb.to_csv(only, tmp_path / "x.csv", texts=True).read_text("utf-8-sig")
    assert "'=1+1" in written
    assert "result" not in nb.to_csv(only, tmp_path / "y.csv").read_text("utf-8-sig")


@pytest.mark.parametrize("write", [nb.to_csv, nb.to_jsonl])
def test_results_that_are_left_out_are_said_in_one_line(
    write: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(item(0, 1, result={"city": "Paris"}))
    run.model = "look_up"
    path = tmp_path / "a.out"
    shown: Any = run if write is nb.to_jsonl else [run]  # to_csv(run) is the table of results

    assert "Paris" not in write(shown, path).read_text("utf-8-sig")
    assert capsys.readouterr().out == (
        f"'{path}' is without texts, and without what look_up returned. "
        f"{write.__name__}(…, texts=True) writes both.\n"
    )
    assert "Paris" in write(shown, path, texts=True).read_text("utf-8-sig")
    write(make_run(item(0, 1)), path)
    assert capsys.readouterr().out == ""


def test_results_that_json_cannot_hold_are_said_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endless: list[Any] = []
    endless.append(endless)
    run = make_run(item(0, 1, result=endless), item(0, 1, result=7))
    rows = nb.to_jsonl(run, tmp_path / "a.jsonl", texts=True).read_text().splitlines()

    assert ["result" in json.loads(row) for row in rows] == [False, True]
    said = capsys.readouterr().out
    assert "without the results of 1 of 2 calls, which JSON cannot hold" in said


def test_a_member_whose_name_is_taken_gets_another() -> None:
    table = returned({"text": "a", "result_text": "b", "run": "c", "api": "d", "city": "e"})

    members = {name: table.loc[0, name] for name in table.columns[-5:]}
    assert members == {
        "result_result_text": "a",
        "result_text": "b",
        "result_run": "c",
        "result_api": "d",
        "city": "e",
    }
    assert table.loc[0, "text"] == ""


def test_the_name_of_a_member_is_no_formula(tmp_path: Path) -> None:
    run = make_run(item(0, 1, result={"=1+1": 2}))

    written = nb.to_csv(run, tmp_path / "x.csv", texts=True).read_text("utf-8-sig")

    assert '"\'=1+1"' in written.splitlines()[0]
