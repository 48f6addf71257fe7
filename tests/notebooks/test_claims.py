"""What the lessons say of their numbers holds, on a machine that is busy, too."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kernels.driver import Answer, Kernel
from tests.kernels.environments import HERE

from ..rows import exhaustive, slow
from .claims import CLAIMS, PRELUDE, Claim
from .lessons import LESSONS, NOTEBOOKS, Lesson

WITH_CLAIMS = [each for each in LESSONS if any(c.lesson == each.number for c in CLAIMS)]
# Processes that keep a machine of few processors busy.
BURNERS = 4


def in_words(text: str) -> str:
    return " ".join(text.split())


def place(lesson: Lesson, claim: Claim) -> int:
    """Return the index of the cell after which a claim is to hold."""
    at = next(i for i, cell in enumerate(lesson.cells) if claim.quote in in_words(cell.source))
    code = [i for i, cell in enumerate(lesson.cells) if cell.cell_type == "code"]
    after = [i for i in code if i > at]
    return after[claim.later - 1] if claim.later else at


def false_claims(lesson: Lesson) -> list[str]:
    """Run a lesson, and return the quotations that do not hold where they stand."""
    claims = [claim for claim in CLAIMS if claim.lesson == lesson.number]
    cells: list[tuple[str, Claim | None]] = [(PRELUDE, None)]
    for index, cell in enumerate(lesson.cells):
        if cell.cell_type == "code":
            cells.append((cell.source, None))
        here = [claim for claim in claims if place(lesson, claim) == index]
        cells += [(f"print('holds:', bool({claim.holds}))", claim) for claim in here]
    with Kernel(HERE) as kernel:
        answers = kernel.run(*(code for code, _ in cells), timeout=200)
    wrong, said = [], ""
    for (_, claim), answer in zip(cells, answers, strict=True):
        if claim is None:
            said = _text_of(answer).strip() or said  # cells with hints print nothing
        elif answer.stdout.strip() != "holds: True" or not _fits(claim.shown, said):
            wrong.append(f"{claim.quote!r}: {claim.holds} {claim.shown} {answer.error}")
    return wrong


def _text_of(answer: Answer) -> str:
    plain = (str(data.get("text/plain", "")) for data in answer.shown)
    return "\n".join([answer.stdout, *plain])


def _fits(expression: str, said: str) -> bool:
    numbers = [float(found) for found in re.findall(r"\d+\.\d+", said)]
    return bool(eval(expression, {"said": said, "numbers": numbers, "re": re}))  # noqa: S307


@pytest.fixture
def busy() -> Iterator[None]:
    burn = "while True: sum(range(10_000))"
    burners = [subprocess.Popen([sys.executable, "-c", burn]) for _ in range(BURNERS)]
    yield
    for each in burners:
        each.kill()
        each.wait()


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.lesson} {claim.quote:.40}")
def test_each_claim_is_a_sentence_of_its_lesson(claim: Claim) -> None:
    (lesson,) = (each for each in LESSONS if each.number == claim.lesson)

    assert in_words(lesson.markdown).count(claim.quote) == 1


@pytest.mark.kernel
@pytest.mark.parametrize("lesson", [slow(each) for each in WITH_CLAIMS], ids=str)
def test_what_a_lesson_says_of_its_numbers_holds(lesson: Lesson) -> None:
    assert false_claims(lesson) == []


@pytest.mark.kernel
@pytest.mark.parametrize("lesson", [exhaustive(each) for each in WITH_CLAIMS], ids=str)
def test_it_holds_on_a_busy_machine(lesson: Lesson, busy: Any) -> None:
    assert false_claims(lesson) == []


@pytest.mark.parametrize("lesson", LESSONS, ids=str)
def test_a_script_is_run_from_where_the_page_says(lesson: Lesson) -> None:
    for path in re.findall(r"`python (\S+\.py)`", lesson.markdown):
        assert (NOTEBOOKS.parent / path).exists()
