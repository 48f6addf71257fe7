"""What was written before replies were kept whole is read, gone on with and written again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

import aiml_nb as nb
from aiml_nb.records import Call, Comparison, Run

FILES = Path(__file__).with_name("saved_before")
# As they stand in the rows themselves, which have a member for each.
MEMBERS = (
    *("custom_id", "outcome", "error_type", "text", "finish_reason", "input_tokens"),
    *("output_tokens", "reasoning_tokens", "cost", "model", "started", "first_token", "finished"),
)


def rows(name: str = "rows.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FILES / name).read_text().splitlines()]


def read(name: str) -> Run:
    run = nb.read_saved(FILES / name)
    assert isinstance(run, Run)
    return run


@pytest.mark.parametrize("name", ["journal.jsonl", "rows.jsonl"])
def test_every_record_is_what_it_was(name: str) -> None:
    run = read(name)

    assert len(run.calls) == 8
    for call, row in zip(run.calls, rows(), strict=True):
        assert {each: getattr(call, each) for each in MEMBERS} == {e: row[e] for e in MEMBERS}
        assert call.prompt == row["prompt"]
        assert call.error == (row["error"] or {}).get("message")
        assert len(call.attempts) == len(row["attempts"])
        # What was kept of the reply is there: its first text.
        assert (call.body is not None) == (row["outcome"] != "error")
        assert call.message.get("content") == (call.text if call.body else None)
    assert {call.outcome for call in run.calls} == {"ok", "incomplete", "refused", "error"}
    assert any("\ud800" in call.text for call in run.calls)
    assert any(len(call.attempts) == 2 for call in run.calls)


def test_rows_without_texts_are_read(tmp_path: Path) -> None:
    run = read("rows-without-texts.jsonl")

    assert {call.text for call in run.calls} == {""}
    assert [call.output_tokens for call in run.calls] == [row["output_tokens"] for row in rows()]
    assert nb.read_saved(nb.to_jsonl(run, tmp_path / "x.jsonl")) == run


def test_a_comparison_is_read() -> None:
    comparison = nb.read_saved(FILES / "comparison.json")

    assert isinstance(comparison, Comparison)
    calls = [*comparison.sync.calls, *comparison.concurrent.calls]
    assert all(call.outcome == "ok" and call.text for call in calls)
    assert {call.body for call in calls} == {None}
    assert nb.plot_timeline(comparison)


def test_a_journal_is_gone_on_with_and_nothing_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    shutil.copyfile(FILES / "journal.jsonl", path)
    run = nb.resume(path)

    assert [told(call) for call in run.calls] == [told(call) for call in read("rows.jsonl").calls]
    assert path.read_bytes() == (FILES / "journal.jsonl").read_bytes()
    written = nb.to_jsonl(run, tmp_path / "x.jsonl", texts=True)
    for line in written.read_text().splitlines():
        row = json.loads(line)
        if row["outcome"] in ("ok", "incomplete"):
            ChatCompletion.model_validate(row["response"]["body"], strict=True)
            assert row["added"] == ["id", "created"]
    assert nb.read_saved(written).calls == run.calls  # type: ignore[union-attr]
    nb.to_csv(run, tmp_path / "x.csv", texts=True)


def told(call: Call) -> list[object]:
    return [*(getattr(call, each) for each in MEMBERS), call.attempts]


def test_what_has_failed_is_sent_again(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    shutil.copyfile(FILES / "journal.jsonl", path)
    run = nb.resume(path, retry_failed=True)

    assert [call.outcome for call in run.calls if call.index == 2] == ["ok"]
    assert len(run.calls[2].attempts) == 2
    assert run.calls[2].body is not None
    assert "id" in run.calls[2].body
    again = nb.read_saved(path)
    assert isinstance(again, Run)
    assert [told(call) for call in again.calls] == [told(call) for call in run.calls]
