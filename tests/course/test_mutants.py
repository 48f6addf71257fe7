"""Every check refuses small changes of its solution, unless they are as right as that."""

from __future__ import annotations

import pytest

from ..rows import exhaustive, slow
from .equivalent import EQUIVALENT
from .mutants import Solved, solved_exercises, survivors

SOLVED = solved_exercises()
# Of each kind one: a number, calls in flight, a table. The others take minutes.
OFTEN = {"1.5", "3.2", "8.5"}
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize(
    "solved",
    [(slow if each.key in OFTEN else exhaustive)(each) for each in SOLVED],
    ids=lambda solved: solved.key,
)
def test_no_mutant_passes_that_is_wrong(solved: Solved) -> None:
    assert [mutant.change for mutant in survivors(solved)] == []


@pytest.mark.parametrize("solved", SOLVED, ids=lambda solved: solved.key)
def test_each_exercise_has_enough_mutants_and_knows_those_that_are_right(solved: Solved) -> None:
    changes = {mutant.change for mutant in solved.mutants}

    assert len(changes) >= 15
    assert EQUIVALENT.get(solved.key, {}).keys() <= changes
