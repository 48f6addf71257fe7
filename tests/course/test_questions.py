"""A quiz shows buttons where there is a front end, text where there is none, and says why."""

from __future__ import annotations

import pytest

from aiml_nb.course import Question
from aiml_nb.course.questions import Quiz, _make_buttons

QUESTION = Question("Is <b>2</b> + 2 four?", {"yes": "It is.", "no": "Count <again>."}, right="yes")


def test_the_text_has_question_numbered_answers_and_the_way_to_answer() -> None:
    assert repr(Quiz("99.3", QUESTION)).splitlines() == [
        "Question 99.3: Is <b>2</b> + 2 four?",
        "1. yes",
        "2. no",
        'Answer with  quiz("99.3").answer(1).',
    ]


def test_an_answer_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    quiz = Quiz("99.3", QUESTION)

    quiz.answer(1)
    quiz.answer("no")

    assert capsys.readouterr().out == "✓ Yes. It is.\nNo. Count <again>.\n"


@pytest.mark.parametrize("choice", [0, 3, "maybe"])
def test_an_answer_that_is_none_is_refused(choice: int | str) -> None:
    with pytest.raises(ValueError, match="choice must be"):
        Quiz("99.3", QUESTION).answer(choice)


def test_a_question_whose_right_answer_is_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="right must be one of"):
        Question("?", {"yes": "…"}, right="no")


def test_the_buttons_explain_each_choice_and_escape_the_texts() -> None:
    title, buttons, reason = _make_buttons(QUESTION).children

    assert "&lt;b&gt;2" in title.value
    assert (buttons.options, buttons.value) == (("yes", "no"), None)
    buttons.value = "no"
    assert reason.value == "No. Count &lt;again&gt;."
    buttons.value = "yes"
    assert reason.value == "✓ Yes. It is."


def test_a_front_end_gets_the_buttons_and_the_text() -> None:
    bundle = Quiz("99.3", QUESTION)._repr_mimebundle_()

    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"].startswith("Question 99.3")
