"""Predict: what was guessed is kept, with and without a front end."""

from __future__ import annotations

import pytest

from aiml_nb.widgets import Predict

CHOICES = ["the long one", "the short one"]


def choose(predict: Predict, value: object) -> None:
    """Choose or type, as a front end does."""
    predict._field.value = value


def test_nothing_is_guessed_until_somebody_guesses():
    predict = Predict("Which answer comes first?", choices=CHOICES, key="1.1")

    assert predict.guess is None
    assert "No guess yet" in repr(predict)
    assert all(choice in repr(predict) for choice in CHOICES)


def test_a_chosen_answer_is_the_guess():
    predict = Predict("Which answer comes first?", choices=CHOICES, key="1.1")

    choose(predict, "the short one")

    assert predict.guess == "the short one"
    assert "the short one" in predict._static_bundle()["text/html"]


@pytest.mark.parametrize(("typed", "guess"), [("2.5", 2.5), ("2,5 s", 2.5), (" 3s ", 3.0)])
def test_a_typed_number_is_the_guess(typed: str, guess: float):
    predict = Predict("How long?", unit="s", key="1.2")

    choose(predict, typed)

    assert predict.guess == guess


@pytest.mark.parametrize("typed", ["soon", "nan", "1e999", "2 minutes"])
def test_what_is_no_number_is_said_to_be_none_and_changes_nothing(typed: str):
    predict = Predict("How long?", unit="s", key="1.2")
    choose(predict, "4")

    choose(predict, typed)

    assert predict.guess == 4
    assert "Type a number, such as 2.5" in predict._status.value
    assert typed in predict._status.value


def test_an_emptied_field_takes_the_guess_back():
    predict = Predict("How long?", unit="s")
    choose(predict, "4")

    choose(predict, "")

    assert predict.guess is None


def test_the_guess_may_be_set_from_code_and_the_field_shows_it():
    number, choice = Predict("How long?", unit="s"), Predict("Which?", choices=CHOICES)

    number.guess, choice.guess = 3, CHOICES[0]

    assert (number.guess, number._field.value) == (3, "3")
    assert (choice.guess, choice._field.value) == (CHOICES[0], CHOICES[0])


def test_a_guess_from_code_must_be_one_of_the_choices_or_a_number():
    with pytest.raises(ValueError, match=r"one of .*the long one.*; not 'both'"):
        Predict("Which?", choices=CHOICES).guess = "both"
    with pytest.raises(ValueError, match="must be a number; not True"):
        Predict("How long?", unit="s").guess = True


@pytest.mark.parametrize(
    "arguments",
    [{}, {"choices": CHOICES, "unit": "s"}, {"choices": ["one"]}, {"choices": ["a", "a"]},
     {"choices": "ab"}, {"choices": [1, 2]}],
)  # fmt: skip
def test_a_question_that_cannot_be_answered_is_refused(arguments: dict[str, object]):
    with pytest.raises(ValueError, match="choices"):
        Predict("Which?", **arguments)  # type: ignore[arg-type]


def test_a_question_is_text_not_markup():
    predict = Predict("<img src=x onerror=alert(1)>", choices=["<i>a</i>", "b"])
    predict.guess = "<i>a</i>"

    heading = predict._view.children[0]
    assert "<img" not in heading.value
    assert "<i>" not in predict._static_bundle()["text/html"]
