"""What was saved is read back, and what is none of it is refused in a sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import aiml_nb as nb
from aiml_nb.export import comparison_to_dict, run_to_dict, to_json
from aiml_nb.formats.journal import call_to_dict, footer, header
from aiml_nb.formats.lines import encode
from aiml_nb.records import Comparison, LimitChange, Run

from ..analysis.builders import call, faq, make_run, with_retries


def full_run() -> Run:
    return make_run(
        with_retries(0, times=(0.5, 1, 1)),
        call(0, 2, first_token=1, text="Yes.", output_tokens=2, model="m"),
        call(outcome="not_started"),
        prompts=["one", "two \ud800", "three"],
        run_id="r1",
        seed=7,
        started_at=1.7e9,
        loop_lag_max=0.01,
        loop_lag_total=0.03,
        service="scenario=seven",
        limit_history=[
            LimitChange(at=0.0, limit=3, cause="start"),
            LimitChange(at=0.5, limit=2, cause="429"),
        ],
        stopped="out of credits",
    )


def test_a_run_comes_back_from_jsonl(tmp_path: Path) -> None:
    run = full_run()

    assert nb.read_saved(nb.to_jsonl(run, tmp_path / "run.jsonl", texts=True)) == run


def test_without_texts_the_numbers_come_back(tmp_path: Path) -> None:
    run = full_run()
    read = nb.read_saved(nb.to_jsonl(run, tmp_path / "run.jsonl"))
    bare = [replace(each, prompt="", text="", error=None) for each in run.calls]

    assert read == replace(run, calls=bare)
    assert "two" not in (tmp_path / "run.jsonl").read_text()


def test_a_comparison_comes_back_from_json(tmp_path: Path) -> None:
    for comparison in (faq(), Comparison(pairs=faq().pairs * 3)):
        path = tmp_path / "result.json"
        path.write_text(to_json(comparison_to_dict(comparison)))
        read = nb.read_saved(path)

        assert isinstance(read, Comparison)
        assert comparison_to_dict(read) == comparison_to_dict(comparison)
        assert read.finding == comparison.finding
        assert nb.plot_timeline(path)


def test_a_run_comes_back_from_json(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(to_json(run_to_dict(full_run())))
    read = nb.read_saved(str(path))

    assert isinstance(read, Run)
    assert run_to_dict(read) == run_to_dict(full_run())


def test_a_killed_run_is_read_as_far_as_it_came(tmp_path: Path) -> None:
    """Its first call is done, its second was sent, its third was not; the last line is torn."""
    run = full_run()
    lines = [
        header(run),
        {"custom_id": "call-000001", "sent": 1, "client_request_id": "r1.0.1"},
        {"custom_id": "call-000002", "sent": 1, "client_request_id": "r1.1.1"},
        call_to_dict(run.calls[0]),
    ]
    text = "".join(map(encode, lines)) + encode(call_to_dict(run.calls[1]))[:-20]
    path = tmp_path / "journal.jsonl"
    path.write_text(text)

    with pytest.warns(UserWarning, match="damaged in line 5: what is written there is missing"):
        read = nb.read_saved(path)
    assert isinstance(read, Run)
    assert [each.outcome for each in read.calls] == ["ok", "cancelled", "not_started"]
    with pytest.warns(UserWarning, match="line 5"):
        assert nb.plot_timeline(path)


def test_a_torn_line_in_the_middle_costs_that_line_alone(tmp_path: Path) -> None:
    run = full_run()
    lines = [encode(header(run)), *(encode(call_to_dict(each)) for each in run.calls)]
    lines[1] = lines[1][:40] + "\n"
    path = tmp_path / "journal.jsonl"
    path.write_text("".join([*lines, encode(footer(run))]))

    with pytest.warns(UserWarning, match="line 2"):
        read = nb.read_saved(path)
    assert isinstance(read, Run)
    assert [each.outcome for each in read.calls] == ["not_started", "ok", "not_started"]
    assert read.limit_history == run.limit_history


def test_prompts_in_a_file_of_their_own_name_no_calls(tmp_path: Path) -> None:
    run = full_run()
    head = header(run, prompts={"file": "prompts.jsonl", "sha256": "0"})
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(map(encode, [head, call_to_dict(run.calls[1])])))
    read = nb.read_saved(path)

    assert isinstance(read, Run)
    assert [each.custom_id for each in read.calls] == ["call-000002"]


def test_the_label_is_the_last_user_message(tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "See"}, {"type": "image_url"}, {"type": "text", "text": "it"}]
    conversations = [
        [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
        [{"role": "user", "content": parts}],
        [],
    ]
    prompts = [{"custom_id": str(i), "messages": each} for i, each in enumerate(conversations)]
    path = tmp_path / "journal.jsonl"
    path.write_text(encode(header(full_run(), prompts=prompts)))
    read = nb.read_saved(path)

    assert isinstance(read, Run)
    assert [each.prompt for each in read.calls] == ["u", "See it", ""]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00\xff",
        "hello",
        "[]",
        "{}",
        "7",
        '{"a": 1}\n{"b": 2}\n',
        '{"calls": 7}',
        '{"calls": [7]}',
        '{"calls": [{"index": 0}]}',
        '{"calls": [], "max_concurrency": "many"}',
        '{"calls": [{"index": 0, "prompt": 7, "outcome": "ok"}]}',
        '{"calls": [{"index": 0, "prompt": "", "outcome": "ok", "started": NaN}]}',
        '{"calls": [{"index": 0, "prompt": "", "outcome": "ok", "attempts": [{"number": 1}]}]}',
        '{"sync": {}, "concurrent": {}}',
        '{"sync": {"calls": []}}',
        '{"pairs": [[1, 2]], "sync": null, "concurrent": null}',
        '{"aiml_nb_journal": 2}',
        '{"aiml_nb_journal": 1, "settings": 7}',
        '{"aiml_nb_journal": 1, "settings": {"strategy": 7}}',
        '{"aiml_nb_journal": 1}\n{"aiml_nb_end": 1, "limit_history": [{"at": 1}]}',
        '{"aiml_nb_journal": 1}\n{"timing": 7}',
        "[" * 100_000,
    ],
)
def test_other_files_are_refused_in_a_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)

    with pytest.raises(
        ValueError, match=r"cannot be read.* Expected is what 'aiml-nb compare --json'"
    ):
        nb.read_saved(path)


def test_a_table_is_for_pandas(tmp_path: Path) -> None:
    path = nb.to_csv(full_run(), tmp_path / "x.csv")

    with pytest.raises(ValueError, match=r"it holds no attempts.*pandas\.read_csv\(\)"):
        nb.read_saved(path)


def test_json_of_other_makers_may_know_more_than_we_do(tmp_path: Path) -> None:
    data = json.loads(to_json(run_to_dict(full_run())))
    data["later"] = data["calls"][0]["later"] = data["calls"][0]["attempts"][0]["later"] = 1
    path = tmp_path / "x.json"
    path.write_text(json.dumps(data))

    assert isinstance(nb.read_saved(path), Run)
