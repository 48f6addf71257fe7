"""A quiz shows buttons where there is a front end, text where there is none, and says why."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from pkgutil import iter_modules

import pytest

from aiml_nb.course import Question, lessons
from aiml_nb.course import quiz as take_quiz
from aiml_nb.course.engine.quiz_widget import Quiz
from tests.kernels.driver import Kernel
from tests.kernels.environments import HERE

LESSON_MODULES = [
    each.name for each in iter_modules(lessons.__path__) if each.name.startswith("lesson")
]

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

    assert capsys.readouterr().out == "✓ Yes. It is.\n✗ No. Count <again>.\n"


@pytest.mark.parametrize("choice", [0, 3, "maybe"])
def test_an_answer_that_is_none_is_refused(choice: int | str) -> None:
    with pytest.raises(ValueError, match="choice must be"):
        Quiz("99.3", QUESTION).answer(choice)


def test_a_question_whose_right_answer_is_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="right must be one of"):
        Question("?", {"yes": "…"}, right="no")


def test_the_choice_is_explained_in_the_static_output_and_escaped() -> None:
    quiz = Quiz("99.3", QUESTION)
    buttons, verdict, *_ = quiz._view.children

    assert "&lt;b&gt;2" in buttons.children[0].value
    assert buttons.value is None
    assert quiz._static_bundle()["text/plain"] == "No answer yet."
    buttons.value = "no"
    kept = '<p class="aiml-nb-twin">no: ✗ No. Count &lt;again&gt;.</p>'
    assert quiz._static_bundle()["text/html"] == kept
    assert "✗ No. Count &lt;again&gt;." in verdict.value
    buttons.value = "yes"
    assert quiz._static_bundle()["text/plain"] == "yes: ✓ Yes. It is."


def test_without_a_front_end_the_question_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    asked = take_quiz("0.1")

    assert capsys.readouterr().out.strip() == repr(asked)
    assert "1. Nothing" in repr(asked)


@pytest.mark.kernel
def test_in_a_notebook_it_is_shown_with_its_text_for_who_sees_no_widgets() -> None:
    with Kernel(HERE) as kernel:
        cell = 'from aiml_nb.course import quiz\nquiz("0.1")'
        first, second = kernel.run(cell, 'asked = quiz("0.1"); asked.answer(1)', timeout=60)

    view, static = first.shown
    assert "application/vnd.jupyter.widget-view+json" in view
    assert view["text/plain"].startswith("Question 0.1: ")
    assert static["text/plain"] == "No answer yet."
    assert first.stdout == ""
    assert second.stdout.startswith("✓ Yes. ")


class TestEveryLesson:
    """What the lessons bring is complete."""

    @pytest.mark.parametrize("lesson", LESSON_MODULES)
    def test_every_exercise_has_hints_and_every_question_reasons(self, lesson: str) -> None:
        brought = import_module(f"{lessons.__name__}.{lesson}")

        for key, exercise in brought.EXERCISES.items():
            assert key.startswith(f"{int(lesson[-2:])}.")
            assert 2 <= len(exercise.hints) <= 4
            assert exercise.check.__doc__
        for key, question in brought.QUESTIONS.items():
            assert key.startswith(f"{int(lesson[-2:])}.")
            assert 2 <= len(question.answers) <= 5
            assert all(len(reason.split()) >= 4 for reason in question.answers.values())

    def test_where_the_right_answer_stands_tells_nothing(self) -> None:
        brought = (import_module(f"{lessons.__name__}.{each}") for each in LESSON_MODULES)
        asked = [question for each in brought for question in each.QUESTIONS.values()]

        places = Counter(list(each.answers).index(each.right) for each in asked)

        assert len(asked) >= 10
        assert {0, 1, 2} <= set(places)
        assert max(places.values()) <= len(asked) / 2
