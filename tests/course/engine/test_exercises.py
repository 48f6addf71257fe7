"""Checks say what is right or wrong and never stop a learner's notebook."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from aiml_nb.course import Exercise, NotYet, Verdict, check, hint, of_kind, require
from aiml_nb.course.engine.hints import _hints_given
from tests.kernels.driver import Kernel
from tests.kernels.environments import HERE


def looks_at_a_number(answer: object) -> str:
    number = of_kind(answer, float, "a number of seconds, such as 2.0")
    require(number > 1, f"{number} s is too short.")
    return f"{number} s it is."


def explains_runtime_errors(function: Callable[[], str]) -> str:
    try:
        return function()
    except RuntimeError:
        raise NotYet("a loop is running") from None


@pytest.fixture(autouse=True)
def lesson99(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lesson of our own beside the real ones."""
    name = "aiml_nb.course.lessons.lesson99"
    lesson = ModuleType(name)
    lesson.__spec__ = type("Spec", (), {"name": name})()  # type: ignore[assignment]
    lesson.EXERCISES = {  # type: ignore[attr-defined]
        "99.1": Exercise(looks_at_a_number, hints=("Look.", "Look there.", "It is 2.0.")),
        "99.2": Exercise(lambda function: function(), hints=("None.",)),
        "99.3": Exercise(explains_runtime_errors, hints=("None.",)),
    }
    lesson.QUESTIONS = {}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, name, lesson)
    _hints_given.clear()


def test_a_right_answer_passes_and_is_told_what_is_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    verdict = check("99.1", 2.0)

    assert verdict == Verdict(key="99.1", passed=True, text="2.0 s it is.")
    assert verdict
    assert capsys.readouterr().out == "✓ 99.1 2.0 s it is.\n"


def test_a_wrong_answer_is_told_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert not check("99.1", 0.5)

    assert capsys.readouterr().out == "Not yet (99.1): 0.5 s is too short.\n"


def test_an_answer_of_another_kind_is_named_with_what_is_wanted() -> None:
    for answer, named in [(None, "None"), ([1], "a list"), (print, "the function print itself")]:
        verdict = check("99.1", answer)

        assert not verdict
        assert named in verdict.text
        assert "a number of seconds" in verdict.text


def test_an_answer_that_was_cancelled_is_told_so() -> None:
    def stop() -> None:
        raise asyncio.CancelledError

    assert "CancelledError" in check("99.2", stop).text


def test_a_coroutine_is_told_to_be_awaited_and_leaves_no_warning() -> None:
    async def ask() -> float:
        return 2.0

    verdict = check("99.1", ask())

    assert not verdict
    assert "await" in verdict.text
    assert "ask()" in verdict.text


def test_an_error_in_the_learners_code_is_named_and_does_not_get_out() -> None:
    def stumble() -> str:
        raise KeyError("duration")

    verdict = check("99.2", stumble)

    assert not verdict
    assert "KeyError: 'duration' in line" in verdict.text
    assert verdict.text.endswith('raise KeyError("duration"). There is nothing of that name in it.')


@pytest.mark.kernel
def test_what_a_learner_reads_of_an_error_is_their_own_cell() -> None:
    begin = (
        "import aiml_nb as nb\nfrom aiml_nb.course import check\n"
        "async def shout(ask, question):\n    "
    )
    cells = [
        f'{begin}raise nb.course.NotBegun("exercise 2.2")\n\ncheck("2.2", shout)',
        'raise nb.course.NotBegun("exercise 0.4")',
        f'{begin}answer = await ask(question)\n    return answer.uper()\n\ncheck("2.2", shout)',
    ]
    with Kernel(HERE) as kernel:
        in_function, in_cell, misspelt = kernel.run(*cells, timeout=60)

    for not_begun, key in ((in_function, "2.2"), (in_cell, "0.4")):
        assert not_begun.error == f"NotBegun: exercise {key}"
        assert not_begun.traceback.splitlines() == [
            f"exercise {key}: not begun. Write your lines in place of the one that says  raise."
        ]
    assert "'str' object has no attribute 'uper'" in misspelt.stdout
    assert "in line 5:  return answer.uper(). Look at the name" in misspelt.stdout


@pytest.mark.parametrize("key", ["99.2", "99.3"])
def test_an_exercise_not_begun_is_an_error_in_its_cell(key: str) -> None:
    def not_begun() -> str:
        raise NotImplementedError("exercise 99.2")

    with pytest.raises(NotImplementedError, match=r"exercise 99\.2"):
        check(key, not_begun)


def test_a_verdict_is_not_shown_a_second_time(capsys: pytest.CaptureFixture[str]) -> None:
    verdict = check("99.1", 2.0)
    capsys.readouterr()

    verdict._ipython_display_()

    assert capsys.readouterr().out == ""


def test_hints_come_one_by_one_and_the_last_stays(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(4):
        hint("99.1")

    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed] == [
        "Hint 1 of 3 (99.1)",
        "Hint 2 of 3 (99.1)",
        "Hint 3 of 3 (99.1)",
        "Hint 3 of 3 (99.1)",
    ]
    assert "It is 2.0." in printed[3]


@pytest.mark.parametrize(
    ("key", "said"),
    [("99.7", "this lesson has 99.1, 99.2, 99.3"), ("98.1", "no lesson 98"), ("first", "'3.2'")],
)
def test_a_key_that_does_not_exist_is_told_with_those_that_do(key: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check(key, 1)
    with pytest.raises(ValueError, match=said):
        hint(key)


def test_not_yet_is_raised_where_a_claim_fails() -> None:
    require(True, "never said")

    with pytest.raises(NotYet, match="said"):
        require([], "said")


async def test_checks_work_inside_a_running_loop() -> None:
    assert asyncio.get_running_loop().is_running()
    assert check("99.1", 2.0)
