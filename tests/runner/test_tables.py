"""A table goes in, by every way of running, and each row's call knows its row."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import aiml_nb as nb
from aiml_nb.runner.inputs import own_table

TABLE = pd.DataFrame(
    {"id": [1.0, 1.0, None, 4.0], "review": ["Good", "Bad", None, "So so"], "stars": [5, 1, 3, 3]},
    index=["a", "b", "c", "d"],
)
HOW: dict[str, Any] = {"prompt": "Classify: {review}", "system": "Of {stars}", "on_bad": "skip"}


@pytest.fixture(scope="module")
def endpoint() -> nb.Endpoint:
    return nb.connect(simulate=True, scenario="instant", verbose=False)


def check(run: nb.Run) -> None:
    """Check that all rows are there, in order, and those that could be asked are answered."""
    assert [call.custom_id for call in run.calls] == ["1", "1 (2)", "call-000003", "4"]
    assert [call.prompt for call in run.calls] == [
        *("Classify: Good", "Classify: Bad", "", "Classify: So so")
    ]
    assert [call.outcome for call in run.calls] == ["ok", "ok", "not_started", "ok"]
    skipped = run.calls[2]
    assert (skipped.error_type, skipped.error) == ("skipped", "'review' empty in row 'c'")
    assert not skipped.attempts
    assert [(call.row or {})["stars"] for call in run.calls] == [5, 1, 3, 3]
    assert [(call.row or {})["__index_level_0__"] for call in run.calls] == ["a", "b", "c", "d"]
    assert [call.parameters.get("system") for call in run.calls] == ["Of 5", "Of 1", None, "Of 3"]


@pytest.mark.parametrize("strategy", ["gather", "threads", "sequential", "adaptive"])
def test_rows_are_asked_by_any_strategy(strategy: str, endpoint: nb.Endpoint) -> None:
    check(nb.run(TABLE, endpoint, strategy=strategy, **HOW))


async def test_rows_are_asked_by_coroutines_and_in_the_background(endpoint: nb.Endpoint) -> None:
    check(await nb.run_async(TABLE, endpoint, **HOW))
    handle = nb.start(TABLE, endpoint, **HOW)
    check(await handle)
    assert handle.progress == (3, 3)


def test_both_sides_of_a_comparison_ask_the_rows(endpoint: nb.Endpoint) -> None:
    result = nb.compare(TABLE, endpoint, **HOW)

    check(result.sync)
    check(result.concurrent)
    assert result.speedup is not None


def test_rows_are_in_the_journal_and_in_what_is_saved(
    endpoint: nb.Endpoint, tmp_path: Path
) -> None:
    run = nb.run(TABLE, endpoint, journal=tmp_path / "j.jsonl", max_calls=2, **HOW)
    assert sum(call.outcome == "ok" for call in run.calls) == 2

    done = nb.resume(tmp_path / "j.jsonl", endpoint, max_calls=None)

    check(done)
    check(nb.read_saved(tmp_path / "j.jsonl"))  # type: ignore[arg-type]
    check(nb.read_saved(nb.to_jsonl(done, tmp_path / "r.jsonl", texts=True)))  # type: ignore[arg-type]
    again = nb.resume(tmp_path / "j.jsonl", endpoint, prompts=TABLE, max_calls=None, **HOW)
    check(again)
    assert again.table is not None
    assert "Good" not in nb.to_jsonl(done, tmp_path / "s.jsonl").read_text()


def test_rows_are_known_of_answers_that_come_from_a_journal(
    endpoint: nb.Endpoint, tmp_path: Path
) -> None:
    journal = tmp_path / "j.jsonl"
    nb.run(TABLE.head(2), endpoint, journal=journal, **HOW)

    table = TABLE.assign(note="new")
    run = nb.run(table, endpoint, journal=journal, **HOW)

    assert [call.from_journal for call in run.calls] == [True, True, False, False]
    for found in (run, nb.read_saved(journal)):
        check(found)  # type: ignore[arg-type]
        assert [(call.row or {})["note"] for call in found.calls] == ["new"] * 4  # type: ignore[union-attr]


def test_files_without_rows_say_nothing_of_them(endpoint: nb.Endpoint, tmp_path: Path) -> None:
    run = nb.run(["Who?"], endpoint, journal=tmp_path / "j.jsonl")
    nb.to_jsonl(run, tmp_path / "r.jsonl", texts=True)

    for name in ("j.jsonl", "r.jsonl"):
        for line in (tmp_path / name).read_text().splitlines():
            assert not {"row", "problem", "table"} & set(members(json.loads(line)))


def members(data: Any) -> list[str]:
    """Return the names of all members, of members, too."""
    if isinstance(data, list):
        return [name for each in data for name in members(each)]
    if not isinstance(data, dict):
        return []
    return [*data, *(name for each in data.values() for name in members(each))]


def test_a_system_message_without_fields_is_for_all(endpoint: nb.Endpoint) -> None:
    run = nb.run(TABLE.head(1), endpoint, prompt="{review}", system="Reply {{}}.")

    assert run.parameters == {"system": "Reply {}."}
    assert run.calls[0].parameters == {}
    plain = nb.run(["Who?"], endpoint, system="Reply {}.")  # no template, no braces of one
    assert plain.parameters == {"system": "Reply {}."}


def test_the_table_of_a_run_is_what_it_was(endpoint: nb.Endpoint) -> None:
    table = TABLE.copy()
    run = nb.run(table, endpoint, **HOW)
    table["later"] = 1

    pd.testing.assert_frame_equal(run.table, TABLE)
    assert own_table(["a"]) is None


@pytest.mark.parametrize("make", [lambda ask: nb.run([1], ask, prompt="{x}")])
def test_a_function_makes_its_own_texts(make: Callable[[Any], nb.Run]) -> None:
    with pytest.raises(TypeError, match="makes its own: it is called with each row"):
        make(lambda item: item)
    with pytest.raises(TypeError, match="takes any item"):
        nb.run([1], lambda item: item, on_bad="skip")


def test_a_template_needs_its_rows_at_a_resume(endpoint: nb.Endpoint, tmp_path: Path) -> None:
    nb.run(TABLE, endpoint, journal=tmp_path / "j.jsonl", **HOW)

    with pytest.raises(TypeError, match="give the table: prompts=table"):
        nb.resume(tmp_path / "j.jsonl", endpoint, prompt="{x}")
