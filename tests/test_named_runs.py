"""Dictionaries of runs go wherever several runs do, and their keys are the runs' names."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import aiml_nb as nb
from aiml_nb.plot.timeline import display_bundle
from aiml_nb.report.findings import caveat, finding
from aiml_nb.report.text_table import describe

from .analysis import watched
from .analysis.builders import call, faq, make_run, timed

ONE, OTHER = make_run(*timed((0, 1), (0, 2))), make_run(call(0, 3), call(3, 4), strategy="workers")
RUNS = {"mine": ONE, "theirs": OTHER}


def words_of_picture(path: Path) -> str:
    figure = nb.plot_timeline(RUNS)
    return " ".join(str(text.get_text()) for text in figure.findobj(_is_text))


def _is_text(artist: Any) -> bool:
    return hasattr(artist, "get_text")


def read(write: Callable[..., Path]) -> Callable[[Path], str]:
    return lambda path: write(RUNS, path / "file").read_text("utf-8-sig")


TAKE_SEVERAL: dict[str, Callable[[Path], str]] = {
    "plot_timeline": words_of_picture,
    "display": lambda path: display_bundle(RUNS)["text/html"],
    "describe": lambda path: describe(RUNS),
    "finding": lambda path: f"{finding(RUNS)} {caveat(RUNS)}",
    "compare_strategies": lambda path: str(list(nb.compare_strategies(RUNS).index)),
    "to_csv": read(nb.to_csv),
    "to_chrome_trace": read(nb.to_chrome_trace),
    "to_otlp": read(nb.to_otlp),
}


@pytest.mark.parametrize("what", TAKE_SEVERAL)
def test_the_keys_are_the_names(what: str, tmp_path: Path) -> None:
    said = TAKE_SEVERAL[what](tmp_path)

    assert "mine" in said
    assert "theirs" in said


def test_each_row_of_a_file_has_its_name(tmp_path: Path) -> None:
    rows = csv.DictReader(nb.to_csv(RUNS, tmp_path / "a.csv").read_text("utf-8-sig").splitlines())

    assert [row["run"] for row in rows] == ["mine", "mine", "theirs", "theirs"]


def test_names_may_be_anything_and_are_told_apart() -> None:
    table = nb.compare_strategies({1: ONE, "1": OTHER, "\x1b[31mred": ONE})

    assert list(table.index)[:2] == ["1 (1)", "1 (2)"]
    assert all(name.isprintable() for name in table.index)


def test_one_run_alone_has_its_name_too(tmp_path: Path) -> None:
    assert "mine" in describe({"mine": ONE})


def test_two_watched_runs_are_the_comparison_that_they_are_in_a_list() -> None:
    first, second = watched.faq_sync(), watched.faq_concurrent()

    said = describe({"the loop": first, "gather()": second})
    assert said.replace("the loop", "watched").replace("gather()", "watched") == describe(
        [first, second]
    )
    assert "the loop" in said


@pytest.mark.parametrize("take", [nb.plot_timeline, nb.compare_strategies])
def test_what_is_no_run_is_refused(take: Any) -> None:
    with pytest.raises((TypeError, AttributeError)):
        take({"a": 7})
    with pytest.raises(ValueError, match="0"):
        take({})


def test_files_of_one_run_say_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"to_jsonl\(runs\['mine'\], …\)"):
        nb.to_jsonl(RUNS, tmp_path / "a.jsonl")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="Only runs and comparisons can be written, not a dict"):
        nb.to_csv({"a": 7}, tmp_path / "a.csv")  # type: ignore[dict-item]
    assert json.loads(nb.to_otlp({"a": faq().sync}, tmp_path / "o.json").read_text())
