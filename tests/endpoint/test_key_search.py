"""A key is found whatever stands between its letters that nobody sees, and nothing else is."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiml_nb.endpoint.failures import quote
from aiml_nb.endpoint.keys import ApiKey
from aiml_nb.printable import printable

KEY = "sk-Canary-0123456789Kabcdef"
JOINERS = {
    "zero-width space": "\u200b",
    "zero-width joiner": "\u200d",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "right-to-left override": "\u202e",
    "isolates": "\u2066\u2069",
    "accent": "\u0301",
    "piled accents": "\u0301\u0302\u0303\u0304",
    "grapheme joiner": "\u034f",
    "variation selector": "\ufe0f",
    "Mongolian selector": "\u180b",
    "tag": "\U000e0061",
    "selector of the other plane": "\U000e0101",
    "Hangul filler": "\u3164",
    "NUL": "\0",
    "control": "\x08\x7f",
    "line break": "\n",
    "escaped in a repr": "\\u200b",
    "escaped tag": "\\U000e0061",
    "escaped bytes": "\\xe2\\x80\\x8b",
}


@pytest.fixture
def key() -> ApiKey:
    return ApiKey(KEY, source="test")


@pytest.mark.parametrize("joiner", JOINERS.values(), ids=JOINERS)
def test_what_nobody_sees_between_its_letters_does_not_hide_it(key: ApiKey, joiner: str) -> None:
    spelled = joiner.join(KEY)

    assert key.redact(f"bad key {spelled}.") == "bad key [key]."
    assert key.redact(f"bad key {joiner.join(KEY[:-2])}") == "bad key [key]"
    assert key.redact_all([{"a": {f"x{spelled}": [spelled]}}]) == [{"a": {"x[key]": ["[key]"]}}]
    if joiner[0] not in "\n\\":  # those nobody puts together again
        assert quote(f"bad key {spelled}", key) == "bad key [key]"
        for escaped in (True, False):
            assert key.may_be_in(json.dumps({"a": spelled}, ensure_ascii=escaped).encode())


@pytest.mark.parametrize("same", [KEY.upper(), KEY.lower(), KEY.replace("K", "\u212a")])
def test_it_is_known_in_capitals_and_by_other_characters_for_its_letters(
    key: ApiKey, same: str
) -> None:
    assert key.redact(f"bad {same}!") == "bad [key]!"
    assert key.redact_all({"a": KEY.replace("K", "\u212a")}) == {"a": "[key]"}


@pytest.mark.parametrize(
    "text",
    [
        "sk-canary is the beginning of it",
        " ".join(KEY),
        KEY[:-1] + "x and more",
        "東京 🏳️‍🌈 naïve",
        "",
    ],
)
def test_other_texts_stay_as_they_are(key: ApiKey, text: str) -> None:
    assert key.redact(text) == text
    assert key.redact_all([text]) == [text]


@given(st.text(), st.text())
def test_it_is_taken_out_and_the_rest_is_left(before: str, after: str) -> None:
    key = ApiKey(KEY, source="test")

    assert key.redact(before + KEY + after).endswith("[key]" + after)
    assert key.redact(before + KEY + after).startswith(before)


def test_it_is_put_back_where_it_was_left_out(key: ApiKey) -> None:
    asked = {"extra_query": {"key": KEY, "n": [1, None, f"x{KEY}"]}}

    left = key.redact_all(asked)

    assert KEY not in str(left)
    assert key.unredact_all(left) == asked


@given(st.text())
def test_printable_text_moves_no_cursor_and_turns_no_text(text: str) -> None:
    shown = printable(text)

    assert not any(unicodedata.category(each) in {"Cf", "Cs"} for each in shown)
    assert not any(unicodedata.category(each) == "Cc" for each in shown if each not in "\n\t")
    assert printable(shown) == shown
