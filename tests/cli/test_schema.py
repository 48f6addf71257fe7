"""``aiml-nb run --schema``: typed answers without a line of Python."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import pytest

import aiml_nb as nb
from aiml_nb.cli import main
from aiml_nb.records import Run

MEMBERS = {"mood": {"enum": ["good", "bad"]}, "n": {"type": "integer"}}
SCHEMA = {"type": "object", "properties": MEMBERS}
MODULE = """
from typing import Literal
import pydantic

class Review(pydantic.BaseModel):
    mood: Literal["good", "bad"]
    n: int

class Outer:
    Inner = Review

thing = 5
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "q.txt").write_text("a?\nb?\nc?\n")
    (tmp_path / "review.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "odd.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(SCHEMA).encode())
    (tmp_path / "broken.json").write_text('{"type": "object",}')
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "wrong.json").write_text('{"type": "object", "properties": 5}')
    (tmp_path / "latin.json").write_bytes(b'{"title": "\xe9"}')
    (tmp_path / "my_reviews.py").write_text(MODULE)
    (tmp_path / "my_broken.py").write_text("import sys\nsys.exit(5)\n")
    (tmp_path / "my_needy.py").write_text("import no_such_package\n")
    return tmp_path


def run(*options: str) -> int:
    fixed = "run --prompts q.txt --simulate --speed 1000 --overwrite --output"
    return main([*shlex.split(fixed), *options])


@pytest.mark.parametrize(
    "schema", ["review.json", "odd.json", "my_reviews:Review", "my_reviews:Outer.Inner"]
)
def test_each_field_is_a_column(folder: Path, schema: str) -> None:
    assert run("x.csv", "--schema", schema) == 0
    assert run("x.jsonl", "--schema", schema) == 0

    with open("x.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["mood"] for row in rows} <= {"good", "bad"}
    assert all(row["n"].isdecimal() for row in rows)
    saved = nb.read_saved("x.jsonl")
    assert isinstance(saved, Run)
    assert [each["mood"] for each in saved.results] == [row["mood"] for row in rows]


def test_what_does_not_fit_is_told_and_asked_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "q.txt").write_text("".join(f"{n}?\n" for n in range(12)))
    options = ["--schema", "review.json", "--scenario", "misfits:50%"]

    assert run("x.csv", *options) == 3
    said = capsys.readouterr().out
    assert "failed (invalid_answer)" in said
    assert "--retry-invalid 1 asks again" in said
    assert run("x.csv", *options, "--retry-invalid", "9") == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--schema nothing.json", ["'nothing.json' cannot be read", "--schema review.json"]),
        ("--schema nothing", ["no such file", "--schema reviews:Review"]),
        ("--schema broken.json", ["not JSON", "line 1, column"]),
        ("--schema list.json", ["holds list", "Write one such as"]),
        ("--schema wrong.json", ["--schema wrong.json", "no JSON schema"]),
        ("--schema latin.json", ["not JSON in UTF-8"]),
        ("--schema no_module:Review", ["no module 'no_module' in this folder"]),
        ("--schema my_reviews:Revue", ["has no 'Revue'"]),
        ("--schema my_reviews:thing", ["neither a class nor"]),
        ("--schema my_broken:Review", ["cannot be imported (SystemExit: 5)", "python -c"]),
        ("--schema my_needy:Review", ["cannot be imported", "no_such_package"]),
        ("--retry-invalid 2", ["--retry-invalid 2", "--schema FILE"]),
        ("--schema review.json --retry-invalid -1", ["--retry-invalid must be a whole number"]),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(
    folder: Path, options: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("x.csv", *shlex.split(options)) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert all(word in said.err for word in words), said.err


def test_a_journal_goes_on_with_the_schema_and_without(folder: Path) -> None:
    assert run("x.csv", "--schema", "my_reviews:Review", "--journal", "j.jsonl") == 0
    resume = ["--journal", "j.jsonl", "--resume"]
    assert run("y.csv", *resume) == run("z.csv", *resume, "--schema", "my_reviews:Review") == 0

    first, *others = (Path(name).read_text("utf-8-sig") for name in ("x.csv", "y.csv", "z.csv"))
    assert others == [first, first]
