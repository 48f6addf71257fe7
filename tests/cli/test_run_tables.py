"""From a spreadsheet to a spreadsheet in one command: no row is lost, and none is changed."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pandas as pd
import pytest

import aiml_nb as nb

from ..dirty_spreadsheet import blanks, reviews, write
from .test_run import read_results, run
from .typed import CANARY

OWN = ["ID", "review", "price", "stars"]
PLACE = ["--scenario", "instant", "--max-tokens", 3]
HOW = ["--prompt", "Classify: {review}", "--on-bad", "skip"]


class Dirty(NamedTuple):
    """The dirty spreadsheet: how many rows it has, and its files."""

    rows: int
    files: dict[str, Path]


KINDS = ["csv", "utf-16", "windows", "excel", "parquet", "jsonl"]


@pytest.fixture(scope="module", params=[160, pytest.param(3000, marks=pytest.mark.slow)])
def dirty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Dirty:
    folder = tmp_path_factory.mktemp("reviews")
    return Dirty(request.param, write(folder, request.param))


def texts_of(table: pd.DataFrame) -> list[str]:
    """Return the reviews, blank ones as nothing, line ends as Python writes them."""
    found = ["" if pd.isna(each) else str(each) for each in table["review"].tolist()]
    return ["" if not each.strip() else each.replace("\r\n", "\n") for each in found]


@pytest.mark.parametrize("kind", KINDS)
def test_a_dirty_spreadsheet_loses_no_row(kind: str, dirty: Dirty, tmp_path: Path) -> None:
    rows, blank = dirty.rows, blanks(dirty.rows)

    done = run(dirty.files[kind], *PLACE, *HOW, "--output", "a.csv", cwd=tmp_path)

    assert done.returncode == 3, done.stderr  # answers are cut by --max-tokens
    assert f"{blank} of {rows:,} rows are passed over: 'review' empty in" in done.stderr
    found = pd.read_csv(tmp_path / "a.csv", keep_default_na=False, dtype=str)
    assert list(found.columns) == [*OWN, "answer", "outcome", "error"]
    assert len(found) == rows
    given = reviews(rows, emojis=kind != "windows")
    said = [each.removeprefix("'") for each in texts_of(found)]
    assert said == [each.removeprefix("'") for each in texts_of(given)]
    assert found["price"].tolist() == given["price"].tolist()
    assert found["stars"].astype(int).tolist() == given["stars"].tolist()
    assert (found["outcome"] == "not_started").sum() == blank
    assert (found["answer"] == "").sum() == blank
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8-sig") as file:
        assert not any(row[1][:1] in tuple("=@\t\r") for row in csv.reader(file) if row[1])
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_dirty_spreadsheet_loses_no_row_in_python(kind: str, dirty: Dirty) -> None:
    endpoint = nb.connect(simulate=True, scenario="instant", verbose=False)
    table, how = reviews(dirty.rows), {"prompt": "Classify: {review}", "on_bad": "skip"}

    for given in (table, str(dirty.files[kind])):
        found = nb.run(given, endpoint, **how).answers()  # type: ignore[arg-type]
        assert len(found) == dirty.rows
        assert texts_of(found) == texts_of(table)
        assert (found["outcome"] == "ok").sum() == dirty.rows - blanks(dirty.rows)


def test_all_bad_rows_are_told_at_once(dirty: Dirty, tmp_path: Path) -> None:
    done = run(dirty.files["excel"], *PLACE, "--prompt", "{review}", cwd=tmp_path)

    blank = blanks(dirty.rows)
    assert done.returncode == 2
    assert f"{blank} of {dirty.rows:,} rows of" in done.stderr
    assert "'review' empty in row " in done.stderr
    assert (f"and {blank - 5} more. " in done.stderr) is (blank > 5)
    assert "--on-bad skip" in done.stderr


@pytest.mark.parametrize("kind", [".csv", ".xlsx", ".parquet", ".jsonl"])
def test_results_are_written_as_their_file_is_called(kind: str, tmp_path: Path) -> None:
    table = {"id": ["a", "b", "a"], "x": ["=1", "", "é 😀"], "n": [1, 2, 3]}
    pd.DataFrame(table).to_csv(tmp_path / "t.csv", index=False)

    place = ["--scenario", "instant", *HOW[2:], "--prompt", "{x}", "--output", f"o{kind}"]
    done = run("t.csv", *place, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    path = tmp_path / f"o{kind}"
    if kind == ".jsonl":
        rows = read_results(path)
        assert [row["row"] for row in rows] == [
            {"id": "a", "x": "=1", "n": "1"},
            {"id": "b", "x": None, "n": "2"},
            {"id": "a", "x": "é 😀", "n": "3"},
        ]
        assert [row["custom_id"] for row in rows] == ["a", "b", "a (2)"]
        found = nb.read_saved(path).answers()  # type: ignore[union-attr]
        assert found["n"].tolist() == [1, 2, 3]
    elif kind == ".xlsx":
        found = pd.read_excel(path)
        assert openpyxl.load_workbook(path)["answers"]["B2"].data_type == "s"
    elif kind == ".csv":
        found = pd.read_csv(path)
    else:
        found = pd.read_parquet(path)
    assert list(found.columns) == ["id", "x", "n", "answer", "outcome", "error"]
    assert found["outcome"].tolist() == ["ok", "not_started", "ok"]
    assert found["id"].tolist() == ["a", "b", "a"]


def test_all_is_all_that_is_known(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,model\na,mine\n")

    run("t.csv", "--scenario", "instant", "--prompt", "{x}", "--all", "--output", "o.csv",
        cwd=tmp_path)  # fmt: skip

    found = pd.read_csv(tmp_path / "o.csv")
    assert list(found.columns)[:5] == ["x", "model", "answer", "outcome", "error"]
    assert len(found.columns) > 28
    assert found["model"].tolist() == ["mine"]
    assert found["result_model"].tolist() == ["gpt-4o"]


@pytest.mark.parametrize("where", ["before", "behind", "--prompts"])
def test_the_file_stands_where_it_likes(where: str, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("Who?\nWhy?\n")
    named = {
        "before": ["q.txt", *PLACE],
        "behind": [*PLACE, "q.txt"],
        "--prompts": ["--prompts", "q.txt", *PLACE],
    }

    assert run(*named[where], cwd=tmp_path).returncode == 3
    assert len(read_results(tmp_path / "q-results.jsonl")) == 2


def test_a_dry_run_sends_nothing_and_shows_what_would_go_out(tmp_path: Path) -> None:
    lines = [{"x": f"Row {at}", "k": CANARY} for at in range(5)]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, lines)))
    place = ["--base-url", "http://127.0.0.1:9/v1", "--api-key-env", "MY_KEY", "--dry-run"]

    done = run(
        "t.jsonl", *place, "--prompt", "Say {x} {k}", "--system", "In {x}.", "--max-tokens", 10,
        "--prices", 1, 2, cwd=tmp_path, MY_KEY=CANARY,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "Plan: 5 calls to http://127.0.0.1:9/v1" in done.stdout
    assert "Request 1 of 5: POST http://127.0.0.1:9/v1/chat/completions" in done.stdout
    assert "Request 2 of 5" in done.stdout
    assert "Request 3 of 5" not in done.stdout
    assert '"content": "Say Row 1 [key]"' in done.stdout
    assert '"content": "In Row 0."' in done.stdout
    assert "50 out (at most): about $0." in done.stdout
    assert "Nothing was sent." in done.stdout
    assert CANARY not in done.stdout + done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["t.jsonl"]


@pytest.mark.parametrize("goes_on", [(), ("--resume",)], ids=["new run", "resume"])
def test_a_dry_run_shows_what_the_journal_leaves(goes_on: tuple[str, ...], tmp_path: Path) -> None:
    place = ["--scenario", "instant", "--journal", "j.jsonl"]
    (tmp_path / "q.txt").write_text("Who?\nWhy?\nHow?\n")
    assert run("q.txt", *place, "--output", "o.jsonl", cwd=tmp_path).returncode == 0
    (tmp_path / "q.txt").write_text("Who?\nWhy?\nHow?\nWhen?\n")
    before = (tmp_path / "j.jsonl").read_bytes()

    done = run("q.txt", *place, *goes_on, "--dry-run", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "Plan: 1 calls to " in done.stdout
    assert "Request 1 of 1: POST " in done.stdout
    assert '"content": "When?"' in done.stdout
    assert (tmp_path / "j.jsonl").read_bytes() == before
    assert not (tmp_path / "q-results.jsonl").exists()


def test_a_dry_run_without_prompts_shows_what_is_left_of_the_journal(tmp_path: Path) -> None:
    place = ["--scenario", "instant", "--journal", "j.jsonl"]
    (tmp_path / "q.txt").write_text("Who?\nWhy?\n")
    assert run("q.txt", *place, "--max-calls", 1, cwd=tmp_path).returncode == 3

    done = run(*place, "--resume", "--max-calls", 5, "--dry-run", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "Request 1 of 1: POST " in done.stdout


def test_what_tokens_cost_is_asked_for_where_it_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("Who?\n")

    done = run("q.txt", "--scenario", "instant", "--dry-run", cwd=tmp_path)

    assert "assumed, since --max-tokens is not set" in done.stdout
    assert "--prices IN OUT" in done.stdout


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--max-concurency", "--max-concurrency"),
        ("--max_concurrency", "--max-concurrency"),
        ("--ouput=o.csv", "--output"),
        ("--pormpt", "--prompt"),
        ("--requests-per-minutes", "--requests-per-minute"),
        ("--jurnal", "--journal"),
        ("--zzz", None),
    ],
)
def test_a_typo_gets_the_option_that_was_meant(
    typed: str, meant: str | None, tmp_path: Path
) -> None:
    done = run("q.txt", typed, "5", cwd=tmp_path)

    assert done.returncode == 2
    assert f"unrecognized arguments: {typed.partition('=')[0]}" in done.stderr
    assert ("Did you mean" in done.stderr) is (meant is not None)
    assert meant is None or f"Did you mean {meant}?" in done.stderr


def test_a_table_goes_on_from_its_journal(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,x\n1.0,a\n1.0,\n3.0,c\n")
    place = ["t.csv", *HOW[2:], "--prompt", "{x}", "--scenario", "instant", "--journal", "j.jsonl"]
    cut = run(*place, "--max-calls", 1, "--output", "o.csv", cwd=tmp_path)
    assert cut.returncode == 3
    assert "Go on" in cut.stdout

    done = run(*place, "--max-calls", 9, "--resume", "--output", "o.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    alone = ["--journal", "j.jsonl", "--resume", "--output", "p.csv", "--max-calls", 9]
    assert run(*alone, cwd=tmp_path).returncode == 0
    assert (tmp_path / "o.csv").read_text() == (tmp_path / "p.csv").read_text()
    found: Any = pd.read_csv(tmp_path / "o.csv", dtype=str)
    assert found["outcome"].tolist() == ["ok", "not_started", "ok"]
    assert found["id"].tolist() == ["1.0", "1.0", "3.0"]


def test_a_question_about_columns_can_be_typed_as_it_is_asked(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,text\n1,Long text\n")

    asked = run("t.csv", *PLACE, cwd=tmp_path)

    assert asked.returncode == 2
    assert "--prompt 'Summarise: {text}'" in asked.stderr
    assert run("t.csv", *PLACE, "--prompt", "Summarise: {text}", cwd=tmp_path).returncode == 3
