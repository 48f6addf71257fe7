from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiml_nb.report.labels import cells, labels, sanitize

from ..analysis.builders import call, make_run


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  what \t is\n2+2?\u2028 ", "what is 2+2?"),
        ("a\ud800b", "a\ufffdb"),
        ("nul\x00, escape\x1b[31m", "nul\ufffd, escape\ufffd[31m"),
        ("\u202eabc\u2066d\u200b", "abcd"),
        ("$$ $\\frac{1}{$ $x_$", "$$ $\\frac{1}{$ $x_$"),
        ("<b>&\"'", "<b>&\"'"),
        ("o\u0301\u0302\u0303\u0304", "ó\u0302\u0303"),
        ("x" * 27, "x" * 25 + "…"),
        ("x" * 26, "x" * 26),
        ("x" * 10_240, "x" * 25 + "…"),
        ("\u200b" * 5_000 + "hidden", "…"),
        ("", ""),
        ("\u2028\x85", ""),
    ],
)
def test_a_label_is_one_printable_line(text: str, shown: str) -> None:
    assert sanitize(text) == shown


@given(st.text(st.characters(), max_size=60))
def test_no_text_breaks_a_label(text: str) -> None:
    shown = sanitize(text)

    assert len(shown) <= 26
    assert not {category(c) for c in shown} & {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}
    shown.encode()


def test_calls_without_a_prompt_are_numbered() -> None:
    assert labels(make_run(call(), call(), prompts=["one", "\u200b"])) == ["one", "call 2"]


def test_labels_that_would_be_equal_are_numbered() -> None:
    assert labels(make_run(call(), call(), prompts=["same", "same"])) == ["1. same", "2. same"]


@given(
    st.lists(st.sampled_from(["", "\u200b", "a", "b", "call 2", "x" * 40, "x" * 41]), max_size=6)
)
def test_some_calls_are_named_as_among_all(prompts: list[str]) -> None:
    run = make_run(*(call() for _ in prompts), prompts=prompts)
    places = [*range(len(prompts))][::-2]

    assert labels(run, places=places) == [labels(run)[i] for i in places]
    assert len(set(labels(run))) == len(prompts)


def test_wide_characters_take_two_columns() -> None:
    assert cells("ab你好") == 6
    assert cells("e\u0301") == 1
