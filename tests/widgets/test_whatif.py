"""`WhatIf`: what another limit would have meant for a run, or for the newest race."""

from __future__ import annotations

import base64

import pytest

import aiml_nb as nb
from aiml_nb.records import Run
from aiml_nb.widgets import Race, WhatIf

from ..analysis.builders import make_run, timed
from .test_race import finish


def words_of(what_if: WhatIf) -> str:
    data = what_if._picture.value.partition("base64,")[2].partition('"')[0]
    return base64.b64decode(data).decode()


@pytest.fixture
def run() -> Run:
    return make_run(*timed(*((0.0, 1.0) for _ in range(8))), max_concurrency=4)


async def test_of_a_race_it_says_what_it_says_of_the_same_calls():
    race = Race(nb.prompts.FAQ, speed=50)
    of_race = WhatIf(race)
    await finish(race)

    of_result = WhatIf(race.result)
    of_run = WhatIf(race._contest.runs[1])

    for limit in of_race._forecast.limits:
        of_race.limit = of_result.limit = of_run.limit = limit
        assert of_race.makespan == of_result.makespan == of_run.makespan
    assert repr(of_race) == repr(of_result) == repr(of_run)


def test_equal_calls_take_as_many_rounds_as_the_limit_leaves(run: Run):
    what_if = WhatIf(run)

    what_if.limit = 2
    assert what_if.makespan == 4.0
    what_if.limit = 8
    assert what_if.makespan == 1.0
    with pytest.raises(ValueError, match="limit must be from 1 to 8; not 9"):
        what_if.limit = 9


@pytest.mark.parametrize(("most", "has_knee"), [(2, False), (8, True)])
def test_a_knee_is_drawn_only_where_the_curve_goes_on_behind_it(most: int, has_knee: bool):
    one_long = make_run(*timed((0.0, 4.0), *((0.0, 1.0) for _ in range(7))), max_concurrency=8)

    words = words_of(WhatIf(one_long, most=most))

    assert ("knee:" in words) == has_knee
    assert "predicted makespan, seconds" in words
