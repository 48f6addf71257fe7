"""Whatever users have becomes prompts, or one clear sentence."""

from __future__ import annotations

import csv
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


def test_of_a_whole_table_it_is_asked_what_to_ask_with_the_longest_texts_for_example() -> None:
    table = pd.DataFrame({"id": ["a1", "a2"], "text": ["Who is it?", "Why?"], "stars": [5, 1]})

    with pytest.raises(TypeError, match=r"none is called 'prompt'.*prompt='Summarise: \{text\}'"):
        as_prompts(table)
    with pytest.raises(TypeError, match=r"prompt='Summarise: \{stars\}'"):
        as_prompts(table[["stars"]])


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
        (b"Who?", TypeError, r"bytes.*not text"),
        ({"messages": MESSAGES}, TypeError, r"single dict.*Put it in a list"),
        ({"a": 1}, TypeError, r"no prompt and no messages"),
        ({"a": "Who?", "b": "Why?"}, TypeError, r"list\(prompts\.values\(\)\)"),
        (pd.DataFrame({"n": [1], "q": ["Who?"]}), TypeError, r"prompt='Summarise: \{q\}'"),
        (pd.DataFrame({"n": [1]}), TypeError, r"none is called 'prompt'"),
        (["reviews.csv"], ValueError, r"the name of a file.*run\('reviews.csv', …\)"),
        ([Path("a/b.xlsx")], ValueError, r"without the brackets"),
        (["a.jsonl", "b.jsonl"], ValueError, r"one file a run"),
        (5, TypeError, "not 5"),
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


class TestLinesThatPeopleWrite:
    def test_a_prompt_with_parameters_and_a_name_of_its_own(self, tmp_path: Path) -> None:
        file = tmp_path / "q.jsonl"
        lines = [
            {"prompt": "Who?"},
            {"prompt": "Why?", "temperature": 0, "system": "Be short."},
            {"prompt": "When?", "custom_id": "a"},
            {"prompt": "Where?", "id": "b"},
            {"id": 17, "prompt": "What?"},
            {"id": "c", "messages": MESSAGES, "seed": 1},
        ]
        file.write_text("\n".join(map(json.dumps, lines)))

        found = read_prompts(file)

        labels = ["Who?", "Why?", "When?", "Where?", "What?", "Why do cats purr?"]
        assert [prompt.label for prompt in found] == labels
        assert found[1].parameters == {"temperature": 0, "system": "Be short."}
        assert found[5].parameters == {"seed": 1}
        assert [each.parameters for each in found[2:5]] == [{}] * 3
        assert [each.custom_id for each in found] == [None, None, "a", "b", "17", "c"]
        assert found[3].place == f"Line 4 of '{file}'"

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ({"question": "Who?"}, r'no prompt and no messages. Write \{"prompt": "a question"\}'),
            ({"prompt": "Who?", "messages": MESSAGES}, "both a prompt and messages"),
            ({"prompt": 5}, "the prompt 5, which is not text"),
            ({"prompt": " "}, "is empty"),
            ({"prompt": "Who?", "id": True}, "custom_id True, which is not text"),
            ({"body": "Who?"}, "has the body 'Who.'"),
            ({"body": {"prompt": "Who?"}}, "no prompt and no messages"),
            ({"url": "/v1/videos", "body": {"prompt": "Who?"}}, "the url '/v1/videos'"),
            ({"method": "GET", "body": {"messages": MESSAGES}}, "method 'GET', and 'POST' is all"),
            ({"url": 5, "body": {"messages": MESSAGES}}, "the url 5"),
        ],
    )
    def test_other_lines_get_their_number_the_reason_and_the_fix(
        self, line: dict[str, Any], said: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "q.jsonl"
        file.write_text('{"prompt": "Who?"}\n\n' + json.dumps(line))

        with pytest.raises(ValueError, match=rf"(?s)^Line 3 of .*{said}"):
            read_prompts(file)

    def test_of_two_lines_with_one_name_the_later_is_wrong(self, tmp_path: Path) -> None:
        file = tmp_path / "q.jsonl"
        lines = [{"prompt": "Who?", "id": name} for name in ("a", "b", "a", "a", 1, "1")]
        file.write_text("\n".join(map(json.dumps, lines)))
        told: list[str] = []

        found = read_prompts(file, on_bad=told.append)

        assert [prompt.custom_id for prompt in found] == ["a", "b", "1"]
        assert [line.partition(" has")[0] for line in told] == [
            f"Line {number} of '{file}'" for number in (3, 4, 6)
        ]
        assert "has the custom_id 'a' of line 1." in told[0]
        with pytest.raises(ValueError, match=r"Line 3 of .* has the custom_id 'a' of line 1"):
            read_prompts(file)

    def test_a_list_in_json_is_read_and_lines_in_a_json_file_are_told_their_name(
        self, tmp_path: Path
    ) -> None:
        file = tmp_path / "q.json"
        file.write_text(json.dumps([{"prompt": "Who?"}, "Why?", MESSAGES], indent=1))
        assert [prompt.label for prompt in as_prompts(str(file))] == [
            *("Who?", "Why?", "Why do cats purr?")
        ]

        file.write_text('{"prompt": "Who?"}\n{"prompt": "Why?"}\n')
        with pytest.raises(ValueError, match=r"not a JSON list of prompts.*q\.jsonl'"):
            read_prompts(file)

    def test_json_lines_in_a_file_of_another_name_are_not_sent_as_texts(
        self, tmp_path: Path
    ) -> None:
        file = tmp_path / "questions"
        file.write_text('\n{"prompt": "Who?"}\n{"prompt": "Why?"}\n')

        assert [prompt.label for prompt in read_prompts(file)] == ["Who?", "Why?"]


class TestTables:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_names_come_along_and_any_delimiter_does(self, delimiter: str, tmp_path: Path) -> None:
        file = tmp_path / "q.CSV"
        rows = [["topic", "prompt", "id"], ["x", "Who?", "a"], ["y", '"Me, or; you?"', ""]]
        file.write_text("\r\n".join(map(delimiter.join, rows)))

        found = read_prompts(file)

        assert [prompt.label for prompt in found] == ["Who?", "Me, or; you?"]
        assert [prompt.custom_id for prompt in found] == ["a", None]

    def test_a_prompt_that_a_comma_would_cut_is_refused(self, tmp_path: Path) -> None:
        file = tmp_path / "q.csv"
        file.write_text("prompt\nWho?\nMe, or you?\n")
        told: list[str] = []

        assert [prompt.label for prompt in read_prompts(file, on_bad=told.append)] == ["Who?"]
        assert told == [
            f"Line 3 of '{file}' has more fields than the header, which has 1. "
            "Put a prompt with a comma in double quotes."
        ]

    def test_a_field_may_be_a_whole_document(self, tmp_path: Path) -> None:
        limit = csv.field_size_limit()
        file = tmp_path / "q.csv"
        file.write_text("prompt\nWho?\n" + "x" * 200_000 + "\n")

        assert [len(str(each.messages[0]["content"])) for each in read_prompts(file)] == [
            4,
            200_000,
        ]
        assert csv.field_size_limit() == limit  # other code's readers are as they were


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
        (b"\xff\xfa", "cannot be read"),
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
