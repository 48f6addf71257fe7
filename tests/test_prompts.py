"""Whatever users have becomes prompts, or one clear sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from aiml_nb import prompts
from aiml_nb.prompts import Prompt, as_prompts, read_prompts

MESSAGES = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": "Why do cats purr?"},
]


def test_texts_message_lists_and_batch_lines_may_be_mixed() -> None:
    found = as_prompts(
        [
            "Who?",
            MESSAGES,
            {"custom_id": "a", "body": {"messages": MESSAGES, "max_tokens": 5}},
            {"messages": MESSAGES, "temperature": 0},
            Prompt(messages=MESSAGES),
        ]
    )

    assert [prompt.label for prompt in found] == ["Who?"] + ["Why do cats purr?"] * 4
    assert found[2] == Prompt(messages=MESSAGES, parameters={"max_tokens": 5}, custom_id="a")
    assert found[3].parameters == {"temperature": 0}


def test_a_column_of_a_table_is_a_list_of_prompts() -> None:
    table = pd.DataFrame({"question": prompts.FAQ}, index=[7, 8])

    assert [prompt.label for prompt in as_prompts(table["question"])] == prompts.FAQ


def test_a_missing_value_in_a_column_is_named() -> None:
    with pytest.raises(TypeError, match="Prompt 2 is nan"):
        as_prompts(pd.Series(["Who?", float("nan")], dtype=object))


def test_parts_of_a_message_are_labelled_by_their_text() -> None:
    parts = [{"type": "text", "text": "What is"}, {"type": "image_url"}, {"text": "this?"}]

    assert Prompt(messages=[{"role": "user", "content": parts}]).label == "What is this?"


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ([], ValueError, "prompts is empty"),
        ("What is 2+2?", TypeError, r"Put it in a list: \['What is 2\+2\?'\]"),
        ({"messages": MESSAGES}, TypeError, "single dict"),
        (5, TypeError, "not 5"),
        (pd.DataFrame({"q": ["Who?"], "z": [1]}), TypeError, r"table\['q'\]"),
        ([5], TypeError, "Prompt 1 is 5, which is neither text nor messages"),
        (["Who?", None], TypeError, "Prompt 2 is None"),
        (["Who?", "  "], ValueError, "Prompt 2 is empty"),
        (MESSAGES, TypeError, r"one conversation.*\[messages\]"),
        ([{"body": {}}], TypeError, "Prompt 1 is .* no messages"),
        ([{"custom_id": 5, "body": {"messages": MESSAGES}}], TypeError, "custom_id 5"),
    ],
)
def test_bad_prompts_get_a_sentence_with_the_value_and_the_fix(
    given: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        as_prompts(given)


def test_a_batch_file_is_read_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    lines = [
        {"custom_id": f"q-{n}", "method": "POST", "body": {"messages": MESSAGES, "seed": n}}
        for n in range(3)
    ]
    file.write_text("\n".join(map(json.dumps, lines)) + "\n\n")

    found = as_prompts(str(file))

    assert [prompt.custom_id for prompt in found] == ["q-0", "q-1", "q-2"]
    assert [prompt.parameters for prompt in found] == [{"seed": 0}, {"seed": 1}, {"seed": 2}]
    assert as_prompts(file) == found


def test_a_csv_file_has_its_prompts_in_a_column(tmp_path: Path) -> None:
    file = tmp_path / "questions.csv"
    file.write_text('id,prompt\n1,"Who, me?"\n2,"Why\nso?"\n')

    assert [prompt.label for prompt in as_prompts(str(file))] == ["Who, me?", "Why\nso?"]


def test_bad_lines_are_told_and_passed_over_where_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('"Who?"\n{oops\n"Why?"\n7\n')
    told: list[str] = []

    found = read_prompts(file, on_bad=told.append)

    assert [prompt.label for prompt in found] == ["Who?", "Why?"]
    assert [line[:6] for line in told] == ["Line 2", "Line 4"]


def test_a_csv_file_without_the_column_is_refused_with_its_columns(tmp_path: Path) -> None:
    file = tmp_path / "questions.csv"
    file.write_text("id,question\n1,Who?\n")

    with pytest.raises(ValueError, match=r"'id', 'question'.*'prompt'"):
        read_prompts(file)


def test_a_text_file_holds_one_prompt_a_line(tmp_path: Path) -> None:
    file = tmp_path / "questions.txt"
    file.write_bytes("\ufeffWho?\r\n\r\nWhy\u2028so?\r\n".encode())

    assert [prompt.label for prompt in read_prompts(file)] == ["Who?", "Why\u2028so?"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b'{"messages": []}\n', "Line 1 of .* no messages"),
        (b'"Who?"\n{oops\n', "Line 2 of .* is not JSON"),
        (b'"Who?"\n7\n', "Line 2 of .* is 7"),
        (b"\xff\xfe", "cannot be read"),
        (b"[" * 200_000, "Line 1 of .* is not JSON"),
    ],
)
def test_a_bad_file_gets_its_line_number(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_bytes(content)

    with pytest.raises(ValueError, match=said):
        read_prompts(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere\.jsonl' cannot be read"):
        as_prompts(tmp_path / "nowhere.jsonl")
