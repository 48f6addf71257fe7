"""The JSON in an answer is found wherever it is plain which one is meant; nothing else is."""

from __future__ import annotations

import json
import time

import pytest

from aiml_nb.typed import InvalidAnswerError
from aiml_nb.typed.find_json import find_json

VALUE = {"score": 1, "text": "a ``` b"}
WRITTEN = json.dumps(VALUE)

FOUND = {
    "alone": WRITTEN,
    "white space": f"\r\n\t {WRITTEN} \n",
    "byte-order mark": f"\ufeff{WRITTEN}",
    "fence": f"```json\n{WRITTEN}\n```",
    "fence without a word": f"```\n{WRITTEN}\n```",
    "fence in upper case": f"```JSON\n{WRITTEN}\n```",
    "fence of tildes": f"~~~json\n{WRITTEN}\n~~~",
    "longer fence": f"````json\n{WRITTEN}\n````",
    "indented fence": f"  ```json\n  {WRITTEN}\n  ```",
    "fence with windows' line ends": f"```json\r\n{WRITTEN}\r\n```\r\n",
    "fence in one line": f"```json {WRITTEN} ```",
    "fence never closed": f"```json\n{WRITTEN}\n",
    "text around a fence": f"Sure, here it is:\n\n```json\n{WRITTEN}\n```\nI hope this helps!",
    "another fence before": f"```python\nprint({{1}})\n```\n```json\n{WRITTEN}\n```",
    "braces before a fence": f"With {{name}} and {{}}:\n```json\n{WRITTEN}\n```",
    "words around": f"The answer is {WRITTEN}.",
    "braces around": f"As {{this}} says: {WRITTEN} }}",
    "thoughts before": f"<think>Is it {{good}}?</think>\n{WRITTEN}",
}

NOT_FOUND = {
    "nothing": ("", "no text"),
    "white space": (" \n\ufeff ", "no text"),
    "words": ("I would say it is good.", "begins with 'I would say"),
    "a trailing comma": ('{"score": 1,}', "trailing comma"),
    "a comment": ('{"score": 1 /* good */}', "is not JSON"),
    "single quotes": ("{'score': 1}", "is not JSON"),
    "Python": ('{"score": None}', "is not JSON"),
    "NaN": ('{"score": NaN}', "NaN"),
    "infinity": ('{"score": -Infinity}', "Infinity"),
    "a number that no float holds": ('{"score": 1e999}', "too large"),
    "a long number that no float holds": (f'{{"score": {"9" * 400}.0}}', "too large"),
    "too many digits": (f'{{"score": {"9" * 5000}}}', "is not JSON"),
    "cut off": ('{"score": 1, "text": "a', "is not JSON"),
    "cut off in a fence": ('```json\n{"score": 1, "te', "is not JSON"),
    "two objects": (f"{WRITTEN}{WRITTEN}", "2 JSON values"),
    "two lines": (f"{WRITTEN}\n{WRITTEN}", "2 JSON values"),
    "two fences": (f"```\n{WRITTEN}\n```\n```\n{WRITTEN}\n```", "2 JSON values"),
    "an open fence and another": (f"```json\n{WRITTEN}\n```json\n{WRITTEN}\n```", "2 JSON values"),
    "10,000 brackets": ("[" * 10_000 + "]" * 10_000, "recursion limit"),
    "10,000 objects": ('{"a":' * 10_000 + "1" + "}" * 10_000, "recursion limit"),
    "10,000 brackets among words": ("So: " + '{"a":' * 10_000, "begins with 'So: "),
    "half of a surrogate pair": ('{"a": "\ud800"}', "surrogate"),
    "half of an escaped pair": ('{"a": "\\ud800"}', "is not JSON"),
    "a raw line end in a text": ('{"a": "b\nc"}', "is not JSON"),
}


@pytest.mark.parametrize("name", FOUND)
def test_it_is_found(name: str) -> None:
    text, value = find_json(FOUND[name])

    assert value == VALUE
    assert json.loads(text) == VALUE


@pytest.mark.parametrize("name", NOT_FOUND)
def test_what_is_none_is_said_in_words(name: str) -> None:
    text, words = NOT_FOUND[name]

    with pytest.raises(InvalidAnswerError) as raised:
        find_json(text)

    assert words in str(raised.value)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize("value", [None, 5, "a", [1], {}, {"a": {"b": [None, True]}}, 2**70])
def test_any_value_is_json(value: object) -> None:
    assert find_json(f"```json\n{json.dumps(value)}\n```")[1] == value


def test_of_two_equal_names_the_last_counts() -> None:
    """As in every reader of JSON."""
    assert find_json('{"a": 1, "a": 2}')[1] == {"a": 2}


@pytest.mark.parametrize(
    "text", ['{"a":' * 200_000, "{" * 500_000, "```\n" * 100_000, "{a} " * 100_000]
)
def test_a_hostile_text_takes_a_time_that_is_bounded(text: str) -> None:
    """Where each brace were begun with anew, it would be minutes."""
    began = time.process_time()
    with pytest.raises(InvalidAnswerError):
        find_json(text)

    assert time.process_time() - began < 5
