"""`read_saved(…, keep_texts=False)`: the same run, whose texts stay in the file."""

from __future__ import annotations

import json
import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import aiml_nb as nb
from aiml_nb.errors import JournalError
from aiml_nb.export import comparison_to_dict
from aiml_nb.records import Call, Comparison, Grid, Run
from aiml_nb.records.stored_calls import StoredCall

from ..analysis.builders import call, make_run
from ..runner.conftest import connect_faulty
from ..runner.test_resume import cut_off
from ..runner.test_run import questions
from .test_saved import full_run

_SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "review",
        "schema": {"type": "object", "properties": {"mood": {"type": "string"}}},
    },
}


def check_same(path: Path, *, stored: int) -> Run:
    """Check that both ways of reading give one run; return the one without texts."""
    whole, run = nb.read_saved(path), nb.read_saved(path, keep_texts=False)
    assert isinstance(whole, Run)
    assert isinstance(run, Run)
    assert sum(type(call) is StoredCall for call in run.calls) == stored
    assert [*map(facts_of, run.calls)] == [*map(facts_of, whole.calls)]
    names = [each.name for each in fields(Run) if each.name != "calls"]
    assert [getattr(run, name) for name in names] == [getattr(whole, name) for name in names]
    return run


def facts_of(call: Call) -> dict[str, Any]:
    return {each.name: getattr(call, each.name) for each in fields(Call)}


def test_rows_of_results(tmp_path: Path) -> None:
    check_same(nb.to_jsonl(full_run(), tmp_path / "a.jsonl", texts=True), stored=3)
    check_same(nb.to_jsonl(full_run(), tmp_path / "b.jsonl"), stored=3)


def test_rows_of_a_table_with_typed_answers_and_failures(tmp_path: Path) -> None:
    table = pd.DataFrame({"topic": ["rain", "snow", "ice"], "n": [1, None, 3]})
    endpoint = connect_faulty(faults={2: 400})
    run = nb.run(table, endpoint, prompt="{topic}?", response_format=_SCHEMA, journal=False)

    read = check_same(nb.to_jsonl(run, tmp_path / "a.jsonl", texts=True), stored=3)

    assert sum(call.outcome == "ok" for call in read.calls) == 2
    whole = nb.read_saved(tmp_path / "a.jsonl")
    pd.testing.assert_frame_equal(read.answers(), whole.answers())
    pd.testing.assert_frame_equal(read.to_frame(), whole.to_frame())


def test_some_of_the_rows_in_another_order(tmp_path: Path) -> None:
    lines = nb.to_jsonl(full_run(), tmp_path / "a.jsonl", texts=True).read_text().splitlines()
    (tmp_path / "b.jsonl").write_text("\n".join([lines[2], lines[0]]))

    check_same(tmp_path / "b.jsonl", stored=2)


def test_results_of_functions_with_the_calls_in_them(tmp_path: Path) -> None:
    endpoint = nb.connect(scenario="instant", verbose=False)

    async def ask(item: str) -> str:
        async with endpoint.open_async() as client:
            messages: Any = [{"role": "user", "content": item}]
            reply = await client.chat.completions.create(model=endpoint.model, messages=messages)
        return str(reply.choices[0].message.content)

    run = nb.run(["One?", "Two?"], ask, journal=tmp_path / "j.jsonl")

    check_same(nb.to_jsonl(run, tmp_path / "a.jsonl", texts=True), stored=0)
    check_same(tmp_path / "j.jsonl", stored=0)


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_journal(is_cut: bool, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    prompts = [*questions(1100), {"custom_id": "own", "prompt": "Own?", "max_tokens": 7}]
    endpoint = connect_faulty(faults={3: 400})
    nb.run(prompts, endpoint, journal=path, max_calls=20)
    if is_cut:
        cut_off(path, in_flight=4)

    run = check_same(path, stored=1101)

    outcomes = [call.outcome for call in run.calls]
    assert outcomes.count("cancelled") == 4 * is_cut
    assert outcomes.count("error") + outcomes.count("ok") == 20 - 4 * is_cut


def test_a_journal_that_was_resumed_with_other_parameters(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    endpoint = nb.connect(scenario="instant", verbose=False)
    prompts = [*questions(8), {"custom_id": "own", "prompt": "Own?", "max_tokens": 7}]
    nb.run(prompts, endpoint, journal=path, max_calls=4, strategy="sequential")
    nb.resume(path, endpoint, change_parameters=True, max_calls=None, max_tokens=9)

    run = check_same(path, stored=9)

    assert {call.parameters.get("max_tokens") for call in run.calls} == {None, 7, 9}


def test_a_journal_that_was_gone_on_with_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    endpoint = nb.connect(scenario="instant", verbose=False)
    nb.run(["One?"], endpoint, journal=path)
    nb.run(["One?", "Two?"], endpoint, journal=path)

    check_same(path, stored=0)


def test_damage_is_told_and_what_was_edited_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    nb.run(questions(6), nb.connect(scenario="instant", verbose=False), journal=path)
    lines = path.read_text().splitlines(keepends=True)
    ends = [at for at, line in enumerate(lines) if '"timing"' in line]
    lines[ends[0]] = lines[ends[0]].replace('"outcome":"ok"', '"outcome":"error"')
    lines[ends[1]] = lines[ends[1]][:40] + "\n"
    path.write_text("".join(lines))

    with pytest.warns(UserWarning, match="is damaged in line") as whole:
        nb.read_saved(path)
    with pytest.warns(UserWarning, match="is damaged in line") as stored:
        run = nb.read_saved(path, keep_texts=False)

    assert [str(each.message) for each in stored] == [str(each.message) for each in whole]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_same(path, stored=5)
    assert isinstance(run, Run)


def test_what_is_no_single_run_is_read_as_ever(tmp_path: Path) -> None:
    endpoint = nb.connect(scenario="instant", verbose=False)
    grid = nb.grid(["One?"], endpoint, temperature=[0, 1])
    nb.to_jsonl(grid, tmp_path / "grid.jsonl", texts=True)
    pair = nb.compare(["One?"], endpoint)
    (tmp_path / "pair.json").write_text(json.dumps(comparison_to_dict(pair)))
    (tmp_path / "bom.jsonl").write_bytes(
        b"\xef\xbb\xbf" + nb.to_jsonl(full_run(), tmp_path / "run.jsonl").read_bytes()
    )

    assert isinstance(nb.read_saved(tmp_path / "grid.jsonl", keep_texts=False), Grid)
    assert isinstance(nb.read_saved(tmp_path / "pair.json", keep_texts=False), Comparison)
    check_same(tmp_path / "bom.jsonl", stored=0)


@pytest.mark.parametrize("text", ["", "x", "[1, 2]\n", '{"aiml_nb_journal": 9}\n'])
def test_other_files_are_refused_in_the_same_words(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)

    for keep_texts in (True, False):
        with pytest.raises(ValueError, match="cannot be read"):
            nb.read_saved(path, keep_texts=keep_texts)


@pytest.mark.parametrize("how", ["gone", "other rows", "no rows"])
def test_a_file_that_is_another_by_then_is_named(how: str, tmp_path: Path) -> None:
    run = make_run(*(call(0, 1, text="Yes.") for _ in range(3)))
    path = nb.to_jsonl(run, tmp_path / "a.jsonl", texts=True)
    read = nb.read_saved(path, keep_texts=False)
    lines = path.read_text().splitlines(keepends=True)
    path.unlink()
    if how != "gone":
        path.write_text("".join([lines[0], lines[2], lines[1]] if how == "other rows" else "x"))

    assert isinstance(read, Run)
    with pytest.raises(JournalError, match=r"a\.jsonl.*Put that file back"):
        _ = read.calls[1].text
